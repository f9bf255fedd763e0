import type { Clock } from '../kernel/clock.ts'
import type { Obligation } from '../kernel/policy.ts'
import { calendar } from '../policy/local-time.ts'
import { windowEnd } from './window-end.ts'

export type RateLimit = Extract<Obligation, { kind: 'rateLimit' }>
export type Quota = Extract<Obligation, { kind: 'quota' }>
export type Limit = RateLimit | Quota

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
   * the milliseconds until it has room. Attempts count, not successes. A promise where another process counts.
   */
  take(limits: readonly Limit[], subject: LimitSubject): Refusal | undefined | Promise<Refusal | undefined>
}

/** Limits that this process counts itself. */
export interface LocalLimits extends Limits {
  take(limits: readonly Limit[], subject: LimitSubject): Refusal | undefined
}

export interface Refusal {
  readonly limit: Limit
  readonly retryAfterMs: number
}

/**
 * What is kept of a bucket. `value`: of a rate limit the time at which it will be empty again (GCRA, ITU-T I.371), of a
 * quota the calls taken in `window`. `until`: from then on it says nothing and can be forgotten.
 */
export interface Bucket {
  readonly value: number
  readonly window?: string | undefined
  readonly until: number
}

/** Where buckets are kept; a Map does for one process that forgets. */
export interface Buckets {
  get(key: string): Bucket | undefined
  set(key: string, bucket: Bucket): void
}

interface Taking {
  readonly limit: Limit
  readonly key: string
  readonly next: Bucket
  /** Milliseconds until there is room; 0 when there is. */
  readonly waitMs: number
}

/** Rate limits and quotas over some buckets. A quota ends with its calendar window. */
export function limitsOver(buckets: Buckets, clock: Clock): LocalLimits {
  const calendarOf = calendars()
  return {
    take(limits, subject) {
      const now = clock()
      const takings = limits.map((limit): Taking => {
        const key = keyOf(limit, subject)
        const bucket = buckets.get(key)
        return {
          limit,
          key,
          ...(limit.kind === 'quota' ? drawn(limit, bucket, now, calendarOf) : poured(limit, bucket, now)),
        }
      })
      const full = takings.find(({ waitMs }) => waitMs > 0)
      if (full) return { limit: full.limit, retryAfterMs: Math.ceil(full.waitMs) }
      for (const { key, next } of takings) buckets.set(key, next)
      return undefined
    },
  }
}

/** `limit` calls in `windowMs` on average, `burst` of them at once. */
function poured(limit: RateLimit, bucket: Bucket | undefined, now: number): Pick<Taking, 'next' | 'waitMs'> {
  const interval = limit.windowMs / limit.limit
  const value = Math.max(bucket?.value ?? now, now) + interval
  return { next: { value, until: value }, waitMs: Math.max(0, value - now - interval * limit.burst) }
}

function drawn(
  { limit, window, timezone }: Quota,
  bucket: Bucket | undefined,
  now: number,
  calendarOf: (zone: string) => ReturnType<typeof calendar>,
): Pick<Taking, 'next' | 'waitMs'> {
  const windowOf = calendarOf(timezone)
  const name = windowOf(window, now)
  const isSame = bucket?.window === name
  const used = isSame ? bucket.value : 0
  const until = isSame ? bucket.until : windowEnd(windowOf, window, now)
  return { next: { value: used + 1, window: name, until }, waitMs: used < limit ? 0 : Math.max(1, until - now) }
}

/** A changed rule begins with an empty bucket. */
function keyOf(limit: Limit, subject: LimitSubject): string {
  const what = limit.kind === 'quota' ? [limit.window, limit.timezone] : [limit.limit, limit.windowMs]
  return JSON.stringify([limit.rule, ...what, ...limit.per.map((scope) => [scope, subject[scope] ?? null])])
}

function calendars(): (zone: string) => ReturnType<typeof calendar> {
  const known = new Map<string, ReturnType<typeof calendar>>()
  return (zone) => {
    const made = known.get(zone) ?? calendar(zone)
    known.set(zone, made)
    return made
  }
}

/** Buckets that say nothing any more are forgotten once there are this many, so that memory stays bounded. */
const SWEEP_AT = 10_000

export interface MemoryBuckets extends Buckets {
  /** Those that were set since the last time; for keeping them elsewhere. */
  changed(): ReadonlyMap<string, Bucket>
  /** The keys of those that were forgotten since the last time. */
  forgotten(): readonly string[]
}

/** Buckets in memory, beginning with what was kept. */
export function memoryBuckets(clock: Clock, kept: Iterable<readonly [string, Bucket]> = []): MemoryBuckets {
  const all = new Map(kept)
  let changed = new Map<string, Bucket>()
  let forgotten: string[] = []
  let sweepAt = SWEEP_AT
  const sweep = (now: number): void => {
    for (const [key, { until }] of all) {
      if (until > now) continue
      all.delete(key)
      changed.delete(key)
      forgotten.push(key)
    }
    // Sweeping again at once would find nothing: everything that is left is still in use.
    sweepAt = Math.max(SWEEP_AT, all.size * 2)
  }
  return {
    get: (key) => all.get(key),
    set(key, bucket) {
      all.set(key, bucket)
      changed.set(key, bucket)
      if (all.size > sweepAt) sweep(clock())
    },
    changed() {
      const since = changed
      changed = new Map()
      return since
    },
    forgotten() {
      const since = forgotten
      forgotten = []
      return since
    },
  }
}

/** Limits of one process that forgets them when it ends. */
export const memoryLimits = (clock: Clock): LocalLimits => limitsOver(memoryBuckets(clock), clock)
