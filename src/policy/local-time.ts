import type { Day } from './condition-schema.ts'

/** What a wall clock shows. */
export interface LocalTime {
  readonly day: Day
  /** Minutes since midnight. */
  readonly minute: number
}

const SECOND = 1_000

/**
 * The wall clock of an IANA zone, right across daylight saving. Remembers the last second, because most calls of a
 * busy gateway fall into the same one. Throws RangeError for a zone that does not exist, and for a time that is none.
 */
export function wallClock(zone: string): (at: number) => LocalTime {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  let second = Number.NaN
  let shown: LocalTime = { day: 'mon', minute: 0 }
  return (at) => {
    const current = Math.floor(at / SECOND)
    if (current !== second) {
      shown = read(format, at)
      second = current
    }
    return shown
  }
}

function read(format: Intl.DateTimeFormat, at: number): LocalTime {
  const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
  const day = parts.get('weekday')?.toLowerCase() as Day
  return { day, minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) }
}
