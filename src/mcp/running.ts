import { toToolResult } from '../gateway/failure.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Principal } from '../kernel/principal.ts'
import { roster } from '../kernel/roster.ts'
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
  const running = roster<Running>()
  const byOwner = new Map<string, number>()
  const count = (owner: string, change: number): void => {
    const left = (byOwner.get(owner) ?? 0) + change
    if (left === 0) byOwner.delete(owner)
    else byOwner.set(owner, left)
  }
  const run = async (method: string, params: Parameters<Methods['answer']>[1], exchange: Exchange): Promise<Reply> => {
    const { principal } = exchange
    const owner = ownerOf(principal)
    if ((byOwner.get(owner) ?? 0) >= limits.perPrincipal) return tooMany(method, 'you have', limits.perPrincipal)
    if (running.size >= limits.total) return tooMany(method, 'the gateway has', limits.total)
    const stoppable = toStoppable(exchange)
    const number = running.enter({ principal, stop: stoppable.stop })
    count(owner, 1)
    try {
      return await methods.answer(method, params, stoppable.exchange)
    } finally {
      stoppable.release?.()
      running.leave(number)
      count(owner, -1)
    }
  }
  return {
    serves: (method) => methods.serves(method),
    answer: (method, params, exchange) =>
      CALLS.has(method) ? run(method, params, exchange) : methods.answer(method, params, exchange),
    count: () => running.size,
    end(matches) {
      for (const { principal, stop } of running.all()) if (matches(principal)) stop('The caller may not call any more.')
    },
  }
}

interface Running {
  readonly principal: Principal
  readonly stop: (reason: string) => void
}

/** The exchange with a signal that can be aborted from here: its own where that is possible, else one that follows it. */
function toStoppable(exchange: Exchange) {
  const { signal, stop } = exchange
  if (stop) return { exchange, stop }
  const controller = new AbortController()
  const follow = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', follow, { once: true })
  if (signal.aborted) follow()
  const end = (reason: string): void => controller.abort(reason)
  return {
    exchange: { ...exchange, signal: controller.signal, stop: end },
    stop: end,
    release: () => signal.removeEventListener('abort', follow),
  }
}

function tooMany(method: string, who: string, limit: number): Reply {
  const words = `Too many calls at once: ${who} ${limit} running. Wait until one has ended.`
  if (method !== 'tools/call') return { error: { code: INTERNAL_ERROR, message: words } }
  return { result: toToolResult(new GatewayError('rate_limit_exceeded', words)) }
}
