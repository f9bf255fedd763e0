import { DAYS, type Day } from './condition-schema.ts'

/** What a wall clock shows. */
export interface LocalTime {
  readonly day: Day
  /** Minutes since midnight. */
  readonly minute: number
}

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Zones change their offset at these moments only. */
const QUARTER = 15 * MINUTE
/** 1 January 1970 was a Thursday. */
const FIRST_DAY = 3

/**
 * The wall clock of an IANA zone, right across daylight saving. Throws RangeError for a zone that does not exist, and for
 * a time that is none.
 */
export function wallClock(zone: string): (at: number) => LocalTime {
  const local = localClock(zone)
  return (at) => {
    const time = local(at)
    const day = DAYS[modulo(Math.floor(time / DAY) + FIRST_DAY, DAYS.length)] ?? 'mon'
    return { day, minute: Math.floor(modulo(time, DAY) / MINUTE) }
  }
}

/** Not negative for moments before 1970 either. */
const modulo = (value: number, by: number): number => ((value % by) + by) % by

export type CalendarWindow = 'hour' | 'day' | 'week' | 'month'

/**
 * Names the calendar window of an IANA zone in which a moment lies: the same name for every moment of it. Weeks begin on
 * Monday (ISO 8601); of the two hours that a clock shows twice when it is set back, each is one. Throws like `wallClock`.
 */
export function calendar(zone: string): (window: CalendarWindow, at: number) => string {
  const local = localClock(zone)
  return (window, at) => {
    const time = local(at)
    if (window === 'hour') return `${Math.floor(time / HOUR)} ${time - at}`
    if (window === 'day') return `${Math.floor(time / DAY)}`
    if (window === 'week') return `${Math.floor((Math.floor(time / DAY) + FIRST_DAY) / DAYS.length)}`
    return new Date(time).toISOString().slice(0, 7)
  }
}

/** What a policy without a zone of its own has: no formatter is needed, whose first one takes 10 ms of a start. */
function utcClock(at: number): number {
  if (Number.isNaN(new Date(at).getTime())) throw new RangeError(`${at} is no time`)
  return at
}

/** Milliseconds since the epoch as the clocks of a zone would count them. Remembers the last quarter of an hour. */
function localClock(zone: string): (at: number) => number {
  if (zone === 'UTC') return utcClock
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  })
  let quarter = Number.NaN
  let offset = 0
  return (at) => {
    const current = Math.floor(at / QUARTER)
    if (current !== quarter) {
      offset = offsetAt(format, current * QUARTER)
      quarter = current
    }
    return at + offset
  }
}

function offsetAt(format: Intl.DateTimeFormat, at: number): number {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0
  const clock = [part('hour'), part('minute'), part('second')] as const
  return Date.UTC(part('year'), part('month') - 1, part('day'), ...clock) - at
}
