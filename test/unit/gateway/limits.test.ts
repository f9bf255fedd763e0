import { describe, expect, it } from 'vitest'
import {
  type LimitSubject,
  limitsOver,
  memoryBuckets,
  memoryLimits,
  type Quota,
  type RateLimit,
} from '../../../src/gateway/limits.ts'

const HOUR = 3_600_000
const limit = (more: Partial<RateLimit> = {}): RateLimit => ({
  kind: 'rateLimit',
  rule: 'post-budget',
  limit: 30,
  windowMs: HOUR,
  per: ['agent'],
  burst: 30,
  ...more,
})
const subject = (more: Partial<LimitSubject> = {}): LimitSubject => ({
  agent: 'sidekick',
  user: undefined,
  tool: 'conn:slack:send_message',
  connection: 'slack',
  organisation: 'acme',
  ...more,
})

describe('rate limits', () => {
  it('lets the burst through, refuses the next, and says when to come back', () => {
    let now = 0
    const limits = memoryLimits(() => now)
    for (let call = 0; call < 30; call++) expect(limits.take([limit()], subject())).toBeUndefined()
    expect(limits.take([limit()], subject())).toEqual({ limit: limit(), retryAfterMs: HOUR / 30 })
    now += HOUR / 30
    expect(limits.take([limit()], subject())).toBeUndefined()
    expect(limits.take([limit()], subject())).toMatchObject({ retryAfterMs: HOUR / 30 })
  })

  it('counts each agent by itself when the limit is per agent', () => {
    const limits = memoryLimits(() => 0)
    const one = limit({ limit: 1, burst: 1 })
    expect(limits.take([one], subject())).toBeUndefined()
    expect(limits.take([one], subject({ agent: 'ci' }))).toBeUndefined()
    expect(limits.take([one], subject())).toBeDefined()
  })

  it('takes from every limit or from none', () => {
    const limits = memoryLimits(() => 0)
    const narrow = limit({ rule: 'narrow', limit: 1, burst: 1 })
    const wide = limit({ rule: 'wide', limit: 2, burst: 2 })
    expect(limits.take([wide, narrow], subject())).toBeUndefined()
    expect(limits.take([wide, narrow], subject())?.limit.rule).toBe('narrow')
    expect(limits.take([wide], subject())).toBeUndefined()
    expect(limits.take([wide], subject())?.limit.rule).toBe('wide')
  })

  it('starts at once when the clock jumps ahead, and stays closed when it jumps back', () => {
    let now = HOUR
    const limits = memoryLimits(() => now)
    const one = limit({ limit: 1, burst: 1 })
    expect(limits.take([one], subject())).toBeUndefined()
    now = 0
    expect(limits.take([one], subject())).toMatchObject({ retryAfterMs: 2 * HOUR })
    now = 3 * HOUR
    expect(limits.take([one], subject())).toBeUndefined()
  })
})

const quota = (more: Partial<Quota> = {}): Quota => ({
  kind: 'quota',
  rule: 'daily',
  limit: 2,
  window: 'day',
  timezone: 'Europe/Berlin',
  per: ['agent'],
  ...more,
})

describe('quotas', () => {
  it('count within a calendar window of their zone, and begin anew with the next', () => {
    let now = Date.parse('2026-11-20T22:59:00Z')
    const limits = memoryLimits(() => now)
    expect(limits.take([quota()], subject())).toBeUndefined()
    expect(limits.take([quota()], subject())).toBeUndefined()
    expect(limits.take([quota()], subject())).toEqual({ limit: quota(), retryAfterMs: 60_000 })
    now = Date.parse('2026-11-20T23:00:00Z')
    expect(limits.take([quota()], subject())).toBeUndefined()
  })

  it('take nothing when another limit of the same call is full', () => {
    const limits = memoryLimits(() => 0)
    const narrow = limit({ limit: 1, burst: 1 })
    expect(limits.take([quota(), narrow], subject())).toBeUndefined()
    expect(limits.take([quota(), narrow], subject())?.limit).toEqual(narrow)
    expect(limits.take([quota()], subject())).toBeUndefined()
    expect(limits.take([quota()], subject())?.limit).toEqual(quota())
  })

  it('are forgotten when their window has ended, and only then', () => {
    let now = Date.parse('2026-11-20T12:00:00Z')
    const buckets = memoryBuckets(() => now)
    const limits = limitsOver(buckets, () => now)
    limits.take([quota()], subject({ agent: 'kept' }))
    const [kept] = buckets.changed().keys()
    for (let n = 0; n < 20_001; n++)
      limits.take([limit({ windowMs: 1, limit: 1, burst: 1 })], subject({ agent: `${n}` }))
    expect(buckets.get(kept ?? '')).toMatchObject({ value: 1 })
    now += 24 * HOUR
    for (let n = 0; n < 60_000; n++)
      limits.take([limit({ windowMs: 1, limit: 1, burst: 1 })], subject({ agent: `x${n}` }))
    expect(buckets.get(kept ?? '')).toBeUndefined()
    expect(buckets.forgotten().length).toBeGreaterThan(20_000)
  })
})
