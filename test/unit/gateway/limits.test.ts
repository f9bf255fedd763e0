import { describe, expect, it } from 'vitest'
import { type LimitSubject, memoryLimits, type RateLimit } from '../../../src/gateway/limits.ts'

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
