import type { Obligation } from '../kernel/policy.ts'
import { type Bucket, isLimit, type LimitSubject, taker } from './limit.ts'

/** Counts calls against limits, for tests and replays: it forgets when they end. */
export interface Meter {
  /** Takes one call of a subject from every limit, or from none: the rule whose limit is full, or undefined. */
  take(obligations: readonly Obligation[], subject: LimitSubject, at: number): string | undefined
}

/** An empty meter, which counts as the gateway does. */
export function meter(): Meter {
  const take = taker(new Map<string, Bucket>())
  return { take: (obligations, subject, at) => take(obligations.filter(isLimit), subject, at)?.limit.rule }
}
