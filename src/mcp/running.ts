import { toToolResult } from '../gateway/failure.ts'
import { afterwards } from '../kernel/afterwards.ts'
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
  const running = roster<Exchange>()
  const byOwner = new Map<string, number>()
  const count = (owner: string, change: number): void => {
    const left = (byOwner.get(owner) ?? 0) + change
    if (left === 0) byOwner.delete(owner)
    else byOwner.set(owner, left)
  }
  const run = (method: string, params: Parameters<Methods['answer']>[1], exchange: Exchange): Promise<Reply> => {
    const owner = ownerOf(exchange.principal)
    if ((byOwner.get(owner) ?? 0) >= limits.perPrincipal)
      return Promise.resolve(tooMany(method, 'you have', limits.perPrincipal))
    if (running.size >= limits.total) return Promise.resolve(tooMany(method, 'the gateway has', limits.total))
    const number = running.enter(exchange)
    count(owner, 1)
    const work = (): Promise<Reply> => methods.answer(method, params, exchange)
    return afterwards(work, () => {
      running.leave(number)
      count(owner, -1)
    })
  }
  return {
    serves: (method) => methods.serves(method),
    answer: (method, params, exchange) =>
      CALLS.has(method) ? run(method, params, exchange) : methods.answer(method, params, exchange),
    count: () => running.size,
    end(matches) {
      for (const { principal, ending } of running.all())
        if (matches(principal)) ending.end('The caller may not call any more.')
    },
  }
}

function tooMany(method: string, who: string, limit: number): Reply {
  const words = `Too many calls at once: ${who} ${limit} running. Wait until one has ended.`
  if (method !== 'tools/call') return { error: { code: INTERNAL_ERROR, message: words } }
  return { result: toToolResult(new GatewayError('rate_limit_exceeded', words)) }
}
