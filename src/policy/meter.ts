import type { LimitScope, Obligation } from '../kernel/policy.ts'
import { calendar, type CalendarWindow } from './local-time.ts'

type RateLimit = Extract<Obligation, { kind: 'rateLimit' }>
type Quota = Extract<Obligation, { kind: 'quota' }>

/** Counts calls against limits, for tests and replays: it forgets when they end. */
export interface Meter {
  /** Takes one call of a subject from every limit, or from none: the rule whose limit is full, or undefined. */
  take(obligations: readonly Obligation[], subject: LimitSubject, at: number): string | undefined
}

export type LimitSubject = Readonly<Record<LimitScope, string | undefined>>

/** An empty meter: GCRA (ITU-T I.371) for rates, a count per calendar window for quotas. `at` must not go back. */
export function meter(): Meter {
  const levels = new Map<string, number>()
  const windowOf = calendars()
  return {
    take(obligations, subject, at) {
      const limits = obligations.filter(isLimit)
      const taken = limits.map((limit) =>
        limit.kind === 'quota' ? draw(limit, subject, at) : pour(limit, subject, at),
      )
      const full = taken.findIndex(({ isFull }) => isFull)
      if (full >= 0) return limits[full]?.rule
      for (const { key, next } of taken) levels.set(key, next)
      return undefined
    },
  }

  function pour(limit: RateLimit, subject: LimitSubject, at: number): Taken {
    const key = keyOf(limit, subject)
    const interval = limit.windowMs / limit.limit
    const next = Math.max(levels.get(key) ?? at, at) + interval
    return { key, next, isFull: next - at > interval * limit.burst }
  }

  function draw(limit: Quota, subject: LimitSubject, at: number): Taken {
    const key = `${keyOf(limit, subject)} ${windowOf(limit.timezone, limit.window, at)}`
    const next = (levels.get(key) ?? 0) + 1
    return { key, next, isFull: next > limit.limit }
  }
}

interface Taken {
  readonly key: string
  readonly next: number
  readonly isFull: boolean
}

export const isLimit = (obligation: Obligation): obligation is RateLimit | Quota =>
  obligation.kind === 'rateLimit' || obligation.kind === 'quota'

const keyOf = ({ kind, rule, per }: RateLimit | Quota, subject: LimitSubject): string =>
  JSON.stringify([kind, rule, ...per.map((scope) => [scope, subject[scope] ?? null])])

function calendars(): (zone: string, window: CalendarWindow, at: number) => string {
  const known = new Map<string, ReturnType<typeof calendar>>()
  return (zone, window, at) => {
    const nameOf = known.get(zone) ?? calendar(zone)
    known.set(zone, nameOf)
    return nameOf(window, at)
  }
}
