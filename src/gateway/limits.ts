import type { Clock } from '../kernel/clock.ts'
import { type Bucket, type Buckets, type Limit, type LimitSubject, type Refusal, taker } from '../policy/limit.ts'

export type { Bucket, Limit, LimitSubject, Quota, RateLimit, Refusal } from '../policy/limit.ts'

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

/** Rate limits and quotas over some buckets. */
export function limitsOver(buckets: Buckets, clock: Clock): LocalLimits {
  const take = taker(buckets)
  return { take: (limits, subject) => take(limits, subject, clock()) }
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
