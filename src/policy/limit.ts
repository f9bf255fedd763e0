import type { LimitScope, Obligation } from '../kernel/policy.ts'
import { calendar } from './local-time.ts'
import { windowEnd } from './window-end.ts'

export type RateLimit = Extract<Obligation, { kind: 'rateLimit' }>
export type Quota = Extract<Obligation, { kind: 'quota' }>
export type Limit = RateLimit | Quota

export const isLimit = (obligation: Obligation): obligation is Limit =>
  obligation.kind === 'rateLimit' || obligation.kind === 'quota'

/** Who a limit counts for: one bucket for each different key. */
export type LimitSubject = Readonly<Record<LimitScope, string | undefined>>

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

export interface Refusal {
  readonly limit: Limit
  readonly retryAfterMs: number
}

/**
 * Takes one call of a subject from every limit, or from none: undefined when it may go ahead, otherwise the first limit
 * that is full and the milliseconds until it has room. A quota ends with its calendar window.
 */
export type Take = (limits: readonly Limit[], subject: LimitSubject, at: number) => Refusal | undefined

/** Counts calls in some buckets. Remembers the calendars of the zones that it meets. */
export function taker(buckets: Buckets): Take {
  const calendarOf = calendars()
  return (limits, subject, at) => {
    const takings = limits.map((limit): Taking => {
      const key = keyOf(limit, subject)
      const before = { key, bucket: buckets.get(key), at }
      return limit.kind === 'quota' ? drawn(limit, before, calendarOf) : poured(limit, before)
    })
    const full = takings.find(({ waitMs }) => waitMs > 0)
    if (full) return { limit: full.limit, retryAfterMs: Math.ceil(full.waitMs) }
    for (const { key, next } of takings) buckets.set(key, next)
    return undefined
  }
}

interface Taking {
  readonly limit: Limit
  readonly key: string
  readonly next: Bucket
  /** Milliseconds until there is room; 0 when there is. */
  readonly waitMs: number
}

/** What is there when a call comes. */
interface Before {
  readonly key: string
  readonly bucket: Bucket | undefined
  readonly at: number
}

/** `limit` calls in `windowMs` on average, `burst` of them at once. */
function poured(limit: RateLimit, { key, bucket, at }: Before): Taking {
  const interval = limit.windowMs / limit.limit
  const value = Math.max(bucket?.value ?? at, at) + interval
  return { limit, key, next: { value, until: value }, waitMs: Math.max(0, value - at - interval * limit.burst) }
}

type CalendarOf = (zone: string) => ReturnType<typeof calendar>

function drawn(quota: Quota, { key, bucket, at }: Before, calendarOf: CalendarOf): Taking {
  const { limit, window, timezone } = quota
  const windowOf = calendarOf(timezone)
  const name = windowOf(window, at)
  const isSame = bucket?.window === name
  const used = isSame ? bucket.value : 0
  const until = isSame ? bucket.until : windowEnd(windowOf, window, at)
  const waitMs = used < limit ? 0 : Math.max(1, until - at)
  return { limit: quota, key, next: { value: used + 1, window: name, until }, waitMs }
}

/** JSON of a list: what the limit is and whom it counts for. A changed rule begins with an empty bucket. */
function keyOf(limit: Limit, subject: LimitSubject): string {
  let key = beginnings.get(limit) ?? beginningOf(limit)
  for (const scope of limit.per) key += `,["${scope}",${JSON.stringify(subject[scope] ?? null)}]`
  return `${key}]`
}

/** The same for every call, while the policy lives. */
const beginnings = new WeakMap<Limit, string>()

function beginningOf(limit: Limit): string {
  const what = limit.kind === 'quota' ? [limit.window, limit.timezone] : [limit.limit, limit.windowMs]
  const beginning = JSON.stringify([limit.rule, ...what]).slice(0, -1)
  beginnings.set(limit, beginning)
  return beginning
}

function calendars(): CalendarOf {
  const known = new Map<string, ReturnType<typeof calendar>>()
  return (zone) => {
    const made = known.get(zone) ?? calendar(zone)
    known.set(zone, made)
    return made
  }
}
