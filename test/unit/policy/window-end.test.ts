import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { windowEnd } from '../../../src/policy/window-end.ts'
import { calendar, type CalendarWindow } from '../../../src/policy/local-time.ts'

const zoned = (zone: string) => {
  const windowOf = calendar(zone)
  return { windowOf, endOf: (window: CalendarWindow, moment: number) => windowEnd(windowOf, window, moment) }
}
const berlin = () => zoned('Europe/Berlin')
const at = (text: string): number => Date.parse(text)

describe('the calendar of a zone', () => {
  it('ends a day at local midnight, also on the days on which the clock is set', () => {
    expect(berlin().endOf('day', at('2026-03-29T00:30:00Z'))).toBe(at('2026-03-29T22:00:00Z'))
    expect(berlin().endOf('day', at('2026-10-25T00:30:00Z'))).toBe(at('2026-10-25T23:00:00Z'))
  })

  it('begins weeks on Monday and months on the first', () => {
    expect(berlin().endOf('week', at('2026-11-21T12:00:00Z'))).toBe(at('2026-11-22T23:00:00Z'))
    expect(berlin().endOf('month', at('2026-11-21T12:00:00Z'))).toBe(at('2026-11-30T23:00:00Z'))
    expect(berlin().windowOf('week', at('2026-12-31T12:00:00Z'))).toBe(
      berlin().windowOf('week', at('2027-01-02T12:00:00Z')),
    )
  })

  it('tells the two hours apart that a clock shows twice', () => {
    const first = at('2026-10-25T00:30:00Z')
    expect(berlin().windowOf('hour', first)).not.toBe(berlin().windowOf('hour', first + 3_600_000))
    expect(berlin().endOf('hour', first)).toBe(at('2026-10-25T01:00:00Z'))
  })

  it('gives an end that is in the next window, one second after the last moment of this one', () => {
    const zones = ['UTC', 'Europe/Berlin', 'Asia/Kathmandu', 'Pacific/Chatham', 'America/St_Johns']
    fc.assert(
      fc.property(
        fc.constantFrom(...zones),
        fc.constantFrom<CalendarWindow>('hour', 'day', 'week', 'month'),
        fc.integer({ min: at('2024-01-01T00:00:00Z'), max: at('2030-01-01T00:00:00Z') }),
        (zone, window, moment) => {
          const { windowOf, endOf } = zoned(zone)
          const end = endOf(window, moment)
          expect(end).toBeGreaterThan(moment)
          expect(windowOf(window, end - 1_000)).toBe(windowOf(window, moment))
          expect(windowOf(window, end)).not.toBe(windowOf(window, moment))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses a zone that does not exist', () => {
    expect(() => calendar('Europe/Atlantis')).toThrow(RangeError)
  })
})
