export type CalendarWindow = 'hour' | 'day' | 'week' | 'month'

/** The calendar of an IANA zone, right across daylight saving. */
export interface Calendar {
  /** A name for the window in which a moment lies; equal for all moments of it. Weeks begin on Monday (ISO 8601). */
  windowOf(window: CalendarWindow, at: number): string
  /** When the window of a moment ends, in milliseconds since the epoch, to the second. */
  endOf(window: CalendarWindow, at: number): number
}

const DAY_MS = 86_400_000
/** No window is longer: a month of 31 days and an hour that daylight saving adds. */
const LONGEST_MS: Readonly<Record<CalendarWindow, number>> = {
  hour: 2 * 3_600_000,
  day: DAY_MS + 2 * 3_600_000,
  week: 7 * DAY_MS + 2 * 3_600_000,
  month: 31 * DAY_MS + 2 * 3_600_000,
}

/** Throws RangeError for a zone that does not exist. */
export function calendar(zone: string): Calendar {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    timeZoneName: 'longOffset',
    hourCycle: 'h23',
  })
  const windowOf = (window: CalendarWindow, at: number): string => nameOf(window, read(format, at))
  return { windowOf, endOf: (window, at) => endOf((moment) => windowOf(window, moment), LONGEST_MS[window], at) }
}

type Parts = Readonly<Partial<Record<Intl.DateTimeFormatPartTypes, string>>>

const read = (format: Intl.DateTimeFormat, at: number): Parts =>
  Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]))

function nameOf(window: CalendarWindow, { year, month, day, hour, timeZoneName }: Parts): string {
  // The offset tells the two hours apart that a clock shows twice when it is set back.
  if (window === 'hour') return `${year}-${month}-${day}T${hour}${timeZoneName}`
  if (window === 'day') return `${year}-${month}-${day}`
  return window === 'month' ? `${year}-${month}` : mondayOf(Number(year), Number(month), Number(day))
}

function mondayOf(year: number, month: number, day: number): string {
  const date = new Date(Date.UTC(year, month - 1, day))
  const sinceMonday = (date.getUTCDay() + 6) % 7
  return `week of ${new Date(date.getTime() - sinceMonday * DAY_MS).toISOString().slice(0, 10)}`
}

/** Halves the time until another window is sure to have begun. */
function endOf(nameAt: (at: number) => string, longestMs: number, at: number): number {
  const name = nameAt(at)
  let inside = Math.floor(at / 1_000)
  let outside = inside + Math.ceil(longestMs / 1_000)
  while (outside - inside > 1) {
    const middle = Math.floor((inside + outside) / 2)
    if (nameAt(middle * 1_000) === name) inside = middle
    else outside = middle
  }
  return outside * 1_000
}
