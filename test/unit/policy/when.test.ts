import { describe, expect, it } from 'vitest'
import { wallClock } from '../../../src/policy/local-time.ts'
import { call, compile, reasonOf } from './office.ts'

const LIST = { tool: 'slack:list_channels' }
type When = Record<string, unknown>

const during = (when: When, timezone = 'Europe/Berlin') =>
  compile({ timezone, rules: [{ id: 'r', effect: 'allow', when }] })
const holds = (when: When, at: string, timezone?: string): boolean =>
  call(during(when, timezone), { ...LIST, at: Date.parse(at) }).effect === 'allow'

describe('when', () => {
  it('is open from the first minute and closed at the last', () => {
    const hours = { from: '09:00', to: '17:00' }
    expect(holds(hours, '2026-11-20T08:59:59.999+01:00')).toBe(false)
    expect(holds(hours, '2026-11-20T09:00:00+01:00')).toBe(true)
    expect(holds(hours, '2026-11-20T16:59:59.999+01:00')).toBe(true)
    expect(holds(hours, '2026-11-20T17:00:00+01:00')).toBe(false)
  })

  it('takes a missing end as midnight', () => {
    expect(holds({ from: '22:00' }, '2026-11-20T23:59:00+01:00')).toBe(true)
    expect(holds({ from: '22:00' }, '2026-11-21T00:00:00+01:00')).toBe(false)
    expect(holds({ to: '06:00' }, '2026-11-20T00:00:00+01:00')).toBe(true)
    expect(holds({ from: '22:00', to: '24:00' }, '2026-11-20T23:59:00+01:00')).toBe(true)
  })

  it('knows the days where the zone is', () => {
    const friday = { days: ['fri'] }
    expect(holds(friday, '2026-11-19T23:30:00Z')).toBe(true)
    expect(holds(friday, '2026-11-20T23:30:00Z')).toBe(false)
    expect(holds(friday, '2026-11-19T23:30:00Z', 'UTC')).toBe(false)
    expect(holds({ days: ['sat'], timezone: 'Pacific/Kiritimati' }, '2026-11-20T10:00:00Z')).toBe(true)
  })

  it('spans midnight, on the day on which the window begins', () => {
    const night = { days: ['fri'], from: '22:00', to: '06:00' }
    expect(holds(night, '2026-11-20T22:00:00+01:00')).toBe(true)
    expect(holds(night, '2026-11-21T05:59:00+01:00')).toBe(true)
    expect(holds(night, '2026-11-21T06:00:00+01:00')).toBe(false)
    expect(holds(night, '2026-11-20T05:00:00+01:00')).toBe(false)
    expect(holds(night, '2026-11-21T22:00:00+01:00')).toBe(false)
  })

  it('ends and begins at moments', () => {
    const when = { notBefore: '2026-11-20T00:00:00Z', notAfter: '2026-11-21T00:00:00+01:00' }
    expect(holds(when, '2026-11-19T23:59:59.999Z')).toBe(false)
    expect(holds(when, '2026-11-20T00:00:00Z')).toBe(true)
    expect(holds(when, '2026-11-20T23:00:00Z')).toBe(true)
    expect(holds(when, '2026-11-20T23:00:00.001Z')).toBe(false)
  })

  it('follows daylight saving, through the hour that is missing and the hour that comes twice', () => {
    const early = { from: '02:00', to: '03:00' }
    expect(holds(early, '2026-03-29T00:59:59Z')).toBe(false)
    expect(holds(early, '2026-03-29T01:00:00Z')).toBe(false)
    expect(holds(early, '2026-10-25T00:00:00Z')).toBe(true)
    expect(holds(early, '2026-10-25T01:59:59Z')).toBe(true)
    expect(holds(early, '2026-10-25T02:00:00Z')).toBe(false)
    const office = { from: '09:00', to: '17:00' }
    expect(holds(office, '2026-03-27T07:30:00Z')).toBe(false)
    expect(holds(office, '2026-03-30T07:30:00Z')).toBe(true)
    expect(holds(office, '2026-03-08T13:30:00Z', 'America/New_York')).toBe(true)
    expect(holds(office, '2026-03-07T13:30:00Z', 'America/New_York')).toBe(false)
  })

  it('follows zones that are off by a part of an hour', () => {
    expect(wallClock('Asia/Kathmandu')(Date.parse('2026-11-20T18:15:00Z'))).toEqual({ day: 'sat', minute: 0 })
    expect(wallClock('Australia/Lord_Howe')(Date.parse('2026-04-04T15:00:00Z'))).toEqual({ day: 'sun', minute: 90 })
  })

  it('reads one clock right when the time jumps back and forth', () => {
    const clock = wallClock('UTC')
    const noon = Date.parse('2026-11-20T12:00:00Z')
    expect([0, 60_000, 0, 999, -1].map((offset) => clock(noon + offset).minute)).toEqual([720, 721, 720, 720, 719])
  })

  it('says when to call again', () => {
    const decision = call(during({ days: ['mon'], from: '09:00' }), { ...LIST, at: Date.parse('2026-11-20T12:00:00Z') })
    expect(reasonOf(decision)).toContain('the time must be mon 09:00 to 24:00 (Europe/Berlin)')
  })

  it('takes midnight as an end for the end of the day', () => {
    const policy = compile({ rules: [{ id: 'r', effect: 'allow', when: { to: '00:00' } }] })
    expect(call(policy, { tool: 'slack:list_channels' }).effect).toBe('allow')
  })

  it.each([Number.NaN, Infinity, 9e15])('denies when the time is %s, whatever the effect of the rule is', (at) => {
    const when = { from: '00:00', to: '23:59' }
    const rules = (effect: string) =>
      compile({
        rules: [
          { id: 'a', effect: 'allow' },
          { id: 'r', effect, when },
        ],
      })
    for (const effect of ['require', 'deny']) expect(call(rules(effect), { ...LIST, at }).effect).toBe('deny')
    expect(call(during(when), { ...LIST, at }).effect).toBe('deny')
  })
})
