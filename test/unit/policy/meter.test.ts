import { describe, expect, it } from 'vitest'
import type { Obligation } from '../../../src/kernel/policy.ts'
import { calendar } from '../../../src/policy/local-time.ts'
import { meter } from '../../../src/policy/meter.ts'
import { call, compile, NOON } from './office.ts'

const subject = { agent: 'a', user: undefined, tool: 't', connection: 'c', organisation: 'o' }
const quota = (limit: number, timezone = 'UTC'): Obligation => ({
  kind: 'quota',
  rule: 'q',
  limit,
  window: 'day',
  timezone,
  per: ['agent'],
})
const rate = (limit: number, burst: number): Obligation => ({
  kind: 'rateLimit',
  rule: 'r',
  limit,
  windowMs: 60_000,
  per: ['agent', 'tool'],
  burst,
})
const at = (text: string): number => Date.parse(text)

describe('a meter', () => {
  it('lets a burst through at once and then as many as the rate allows', () => {
    const limits = meter()
    const take = (seconds: number) => limits.take([rate(6, 2)], subject, NOON + seconds * 1_000)
    expect([take(0), take(0), take(0)]).toEqual([undefined, undefined, 'r'])
    expect([take(9), take(10), take(10), take(20)]).toEqual(['r', undefined, 'r', undefined])
    expect(limits.take([rate(6, 2)], { ...subject, tool: 'other' }, NOON)).toBeUndefined()
  })

  it('takes from every limit or from none', () => {
    const limits = meter()
    expect(limits.take([quota(1)], subject, NOON)).toBeUndefined()
    for (let count = 0; count < 5; count++) expect(limits.take([rate(2, 2), quota(1)], subject, NOON)).toBe('q')
    expect(limits.take([rate(2, 2)], subject, NOON)).toBeUndefined()
    expect(limits.take([rate(2, 2)], subject, NOON)).toBeUndefined()
    expect(limits.take([rate(2, 2)], subject, NOON)).toBe('r')
  })

  it('begins a quota anew with the day of its zone', () => {
    const limits = meter()
    const take = (time: string) => limits.take([quota(1, 'Europe/Berlin')], subject, at(time))
    expect(take('2026-11-20T22:59:59Z')).toBeUndefined()
    expect(take('2026-11-20T22:59:59Z')).toBe('q')
    expect(take('2026-11-20T23:00:00Z')).toBeUndefined()
  })

  it('counts nothing that is no limit', () => {
    expect(meter().take([{ kind: 'log', rule: 'l', level: 'hash' }], subject, NOON)).toBeUndefined()
  })
})

describe('calendar windows', () => {
  const berlin: ReturnType<typeof calendar> = (window, time) => calendar('Europe/Berlin')(window, time)
  const isSame = (window: Parameters<typeof berlin>[0], a: string, b: string) =>
    berlin(window, at(a)) === berlin(window, at(b))

  it('are those of the zone', () => {
    expect(isSame('day', '2026-11-19T23:00:00Z', '2026-11-20T22:59:59Z')).toBe(true)
    expect(isSame('day', '2026-11-19T22:59:59Z', '2026-11-19T23:00:00Z')).toBe(false)
    expect(isSame('week', '2026-11-15T23:00:00Z', '2026-11-22T22:59:59Z')).toBe(true)
    expect(isSame('week', '2026-11-15T22:59:59Z', '2026-11-15T23:00:00Z')).toBe(false)
    expect(isSame('month', '2026-10-31T23:00:00Z', '2026-11-30T22:59:59Z')).toBe(true)
    expect(isSame('month', '2026-11-30T22:59:59Z', '2026-11-30T23:00:00Z')).toBe(false)
    expect(isSame('hour', '2026-11-20T11:00:00Z', '2026-11-20T11:59:59Z')).toBe(true)
    expect(isSame('hour', '2026-11-20T11:59:59Z', '2026-11-20T12:00:00Z')).toBe(false)
  })

  it('keep apart the two hours of the night in which clocks are set back, and know their day is one', () => {
    expect(isSame('hour', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z')).toBe(false)
    expect(isSame('day', '2026-10-25T00:30:00Z', '2026-10-25T22:30:00Z')).toBe(true)
  })
})

describe('a quota and a label', () => {
  it('are handed on with their defaults', () => {
    const obligations = { quota: { limit: 9, window: 'month' }, label: ['untrusted'] }
    const policy = compile({ timezone: 'Europe/Berlin', rules: [{ id: 'r', effect: 'allow', obligations }] })
    expect(call(policy, {})).toMatchObject({
      obligations: [
        { kind: 'quota', rule: 'r', limit: 9, window: 'month', timezone: 'Europe/Berlin', per: ['agent'] },
        { kind: 'label', rule: 'r', labels: ['untrusted'] },
      ],
    })
  })

  it('are refused with a zone that does not exist', () => {
    const obligations = { quota: { limit: 9, window: 'month', timezone: 'Mars/Base' } }
    expect(() => compile({ rules: [{ id: 'r', effect: 'allow', obligations }] })).toThrow(
      'rule "r", /rules/0/obligations/quota/timezone: There is no time zone "Mars/Base"',
    )
  })
})
