import type { Clock } from '../kernel/clock.ts'
import type { Obligation } from '../kernel/policy.ts'

export type RateLimit = Extract<Obligation, { kind: 'rateLimit' }>

/** Who a limit counts for: one bucket for each different key. */
export interface LimitSubject {
  readonly agent: string
  readonly user: string | undefined
  readonly tool: string
  readonly connection: string
  readonly organisation: string
}

export interface Limits {
  /**
   * Takes one call from every limit, or from none: undefined when it may go ahead, otherwise the limit that is full and
   * the milliseconds until it has room. Attempts count, not successes.
   */
  take(limits: readonly RateLimit[], subject: LimitSubject): Refusal | undefined
}

export interface Refusal {
  readonly limit: RateLimit
  readonly retryAfterMs: number
}

/** Buckets that are full again are forgotten once there are this many, so that memory stays bounded. */
const SWEEP_AT = 10_000

/** Rate limits in memory by GCRA (ITU-T I.371): a bucket is one number, the time at which it will be empty again. */
export function memoryLimits(clock: Clock): Limits {
  const emptyAt = new Map<string, number>()
  return {
    take(limits, subject) {
      const now = clock()
      const taken = limits.map((limit) => ({ limit, key: keyOf(limit, subject), ...step(limit, now) }))
      const next = taken.map(({ key, interval }) => Math.max(emptyAt.get(key) ?? now, now) + interval)
      for (const [index, { limit, tolerance }] of taken.entries()) {
        const wait = (next[index] ?? now) - now - tolerance
        if (wait > 0) return { limit, retryAfterMs: Math.ceil(wait) }
      }
      for (const [index, { key }] of taken.entries()) emptyAt.set(key, next[index] ?? now)
      if (emptyAt.size > SWEEP_AT) sweep(emptyAt, now)
      return undefined
    },
  }
}

/** `limit` calls in `windowMs` on average, `burst` of them at once. */
function step(
  limit: RateLimit,
  now: number,
): { readonly interval: number; readonly tolerance: number; readonly now: number } {
  const interval = limit.windowMs / limit.limit
  return { interval, tolerance: interval * limit.burst, now }
}

function keyOf(limit: RateLimit, subject: LimitSubject): string {
  return JSON.stringify([
    limit.rule,
    limit.limit,
    limit.windowMs,
    ...limit.per.map((scope) => [scope, subject[scope] ?? null]),
  ])
}

function sweep(emptyAt: Map<string, number>, now: number): void {
  for (const [key, at] of emptyAt) if (at <= now) emptyAt.delete(key)
}
