import { toToolResult } from '../gateway/failure.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Methods, Reply } from './method.ts'
import { INTERNAL_ERROR } from './rpc.ts'
import { ownerOf } from './sessions.ts'

export interface RunningLimits {
  readonly total: number
  readonly perPrincipal: number
}

export const RUNNING_LIMITS: RunningLimits = { total: 2_000, perPrincipal: 200 }

/** The methods that wait for a source. */
const CALLS = new Set(['tools/call', 'resources/read', 'prompts/get', 'completion/complete'])

/** The methods, with a bound on how many calls run at once, and a way to stop those of somebody. */
export interface RunningMethods extends Methods {
  /** Calls that run now, parked ones among them. */
  count(): number
  /** Aborts the calls of the principals that match. */
  end(matches: (principal: Principal) => boolean): void
}

export function runningBook(methods: Methods, limits: RunningLimits): RunningMethods {
  const running = new Map<AbortController, Principal>()
  const byOwner = new Map<string, number>()
  const count = (owner: string, change: number): void => {
    const left = (byOwner.get(owner) ?? 0) + change
    if (left === 0) byOwner.delete(owner)
    else byOwner.set(owner, left)
  }
  const run = async (method: string, params: Parameters<Methods['answer']>[1], exchange: Exchange): Promise<Reply> => {
    const { principal, signal } = exchange
    const owner = ownerOf(principal)
    if ((byOwner.get(owner) ?? 0) >= limits.perPrincipal) return tooMany(method, 'you have', limits.perPrincipal)
    if (running.size >= limits.total) return tooMany(method, 'the gateway has', limits.total)
    const controller = new AbortController()
    const stop = (): void => controller.abort(signal.reason)
    running.set(controller, principal)
    count(owner, 1)
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    try {
      const end = (reason: string): void => controller.abort(reason)
      return await methods.answer(method, params, { ...exchange, signal: controller.signal, stop: end })
    } finally {
      signal.removeEventListener('abort', stop)
      running.delete(controller)
      count(owner, -1)
    }
  }
  return {
    serves: (method) => methods.serves(method),
    answer: (method, params, exchange) =>
      CALLS.has(method) ? run(method, params, exchange) : methods.answer(method, params, exchange),
    count: () => running.size,
    end(matches) {
      for (const [controller, principal] of running) if (matches(principal)) controller.abort()
    },
  }
}

function tooMany(method: string, who: string, limit: number): Reply {
  const words = `Too many calls at once: ${who} ${limit} running. Wait until one has ended.`
  if (method !== 'tools/call') return { error: { code: INTERNAL_ERROR, message: words } }
  return { result: toToolResult(new GatewayError('rate_limit_exceeded', words)) }
}
