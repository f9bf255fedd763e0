import { describe, expect, it } from 'vitest'
import { type Bucket, isLimit, type Limit, taker } from '../../../src/policy/limit.ts'

const subject = { agent: 'ci', user: undefined, tool: 't', connection: 'c', organisation: 'o' }
const quota = (more: object = {}): Limit => ({
  kind: 'quota',
  rule: 'q',
  limit: 1,
  window: 'day',
  timezone: 'UTC',
  per: ['agent'],
  ...more,
})
const rate = (more: object = {}): Limit => ({
  kind: 'rateLimit',
  rule: 'q',
  limit: 1,
  windowMs: 60_000,
  burst: 1,
  per: ['agent'],
  ...more,
})
const NOON = Date.parse('2026-11-20T12:00:00Z')
const HOUR = 3_600_000

describe('limits', () => {
  it('say how long it is until they have room', () => {
    const take = taker(new Map<string, Bucket>())
    expect(take([quota()], subject, NOON)).toBeUndefined()
    expect(take([quota()], subject, NOON + HOUR)).toEqual({ limit: quota(), retryAfterMs: 11 * HOUR })
    expect(take([quota()], subject, NOON + 12 * HOUR - 1)).toEqual({ limit: quota(), retryAfterMs: 1 })
    expect(take([quota()], subject, NOON + 12 * HOUR)).toBeUndefined()
    expect(take([rate()], subject, NOON)).toBeUndefined()
    expect(take([rate()], subject, NOON + 0.5)?.retryAfterMs).toBe(60_000)
    expect(take([rate()], subject, NOON + 60_000)).toBeUndefined()
  })

  it('never ask to come back at once', () => {
    const buckets = new Map<string, Bucket>()
    const take = taker(buckets)
    take([quota()], subject, NOON)
    for (const [key, bucket] of buckets) buckets.set(key, { ...bucket, until: NOON })
    expect(take([quota()], subject, NOON)?.retryAfterMs).toBe(1)
  })

  it('begin anew when a rule is changed', () => {
    const take = taker(new Map<string, Bucket>())
    const all = [
      quota(),
      quota({ window: 'hour' }),
      quota({ timezone: 'Asia/Tokyo' }),
      quota({ rule: 'other' }),
      rate(),
      rate({ windowMs: 120_000 }),
      rate({ limit: 2 }),
      quota({ per: ['tool'] }),
      quota({ per: ['agent', 'tool'] }),
    ]
    for (const limit of all) expect(take([limit], subject, NOON)).toBeUndefined()
    for (const limit of [quota(), rate()]) expect(take([limit], subject, NOON)?.limit).toEqual(limit)
  })

  it('are rates and quotas, and nothing else', () => {
    expect([isLimit(quota()), isLimit(rate()), isLimit({ kind: 'log', rule: 'l', level: 'hash' })]).toEqual([
      true,
      true,
      false,
    ])
  })
})
