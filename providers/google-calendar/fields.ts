import { invalidInput } from '#provider-kit'
import * as z from 'zod'

export const AUTH = 'https://www.googleapis.com/auth/calendar'

/** Scopes that allow reading and writing events, the narrowest first. */
export const READ_SCOPES = [[`${AUTH}.events.readonly`], [`${AUTH}.events`], [`${AUTH}.readonly`], [AUTH]]
export const WRITE_SCOPES = [[`${AUTH}.events`], [AUTH]]

export const calendarId = z
  .string()
  .regex(/^[^\s/\\%?]{1,254}$/)
  .default('primary')
  .describe(
    "Id of the calendar, such as primary (the account's own) or team@group.calendar.google.com. From list_calendars.",
  )

export const eventId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,1000}$/)
  .describe('Id of the event, such as 7kjl2f3o5p8q1r4s6t9u0v2w3x. From list_events.')

export const timeZone = z
  .string()
  .regex(/^[A-Za-z0-9_+/-]{1,64}$/)
  .optional()

/** A day, or a moment with or without its offset from UTC. */
const WHEN = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

export const start = z
  .string()
  .regex(WHEN)
  .describe(
    'When it begins, such as 2026-01-31T10:00:00+01:00; without an offset give time_zone; for a whole day only the ' +
      'date, 2026-01-31.',
  )
export const end = z
  .string()
  .regex(WHEN)
  .describe(
    'When it ends, in the form of start, such as 2026-01-31T11:00:00+01:00. For whole days the day after the last ' +
      'one, 2026-02-01.',
  )
export const zone = timeZone.describe(
  'Time zone of start and end, such as Europe/Zurich. Needed when they have no offset, and for recurring events.',
)

/** A moment as Google takes it in a query: with its offset (RFC 3339). */
export const moment = z.iso.datetime({ offset: true })

export const pageToken = z
  .string()
  .min(1)
  .max(2_000)
  .optional()
  .describe('next_page_token of the page before, such as CiAKGjBpNDd2Nmp2. Left out: the first page.')

export const limit = (usual: number, most = 250) =>
  z.number().int().min(1).max(most).default(usual).describe(`Entries per page, 1 to ${most}, such as ${usual}.`)

/** A point in time in Google's words: `date` for whole days, `dateTime` else. */
export interface GoogleTime {
  readonly date?: string
  readonly dateTime?: string
  readonly timeZone?: string
}

/** Both ends of an event in Google's words. Throws `invalid_input` when they do not fit together. */
export function toSpan(start: string, end: string, timeZone: string | undefined) {
  if (isDay(start) !== isDay(end)) {
    throw invalidInput('start and end must both be dates (whole days) or both have a time.')
  }
  return { start: toTime(start, timeZone), end: toTime(end, timeZone) }
}

function toTime(text: string, timeZone: string | undefined): GoogleTime {
  if (isDay(text)) return { date: text }
  if (timeZone === undefined && !/(?:Z|[+-]\d{2}:\d{2})$/.test(text)) {
    throw invalidInput(`${JSON.stringify(text)} has no offset from UTC: add one, such as +01:00, or give time_zone.`)
  }
  // RFC 3339 §5.6 wants seconds; people leave them out.
  const dateTime = text.replace(/(T\d{2}:\d{2})(?!:|\d)/, '$1:00')
  return { dateTime, ...(timeZone === undefined ? {} : { timeZone }) }
}

const isDay = (text: string): boolean => !text.includes('T')
