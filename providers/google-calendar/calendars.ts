import { action, path } from '#provider-kit'
import * as z from 'zod'
import { AUTH, limit, moment, pageToken, timeZone } from './fields.ts'

const DOCS = 'https://developers.google.com/workspace/calendar/api/v3/reference'

export const listCalendars = action({
  title: 'List calendars',
  description:
    'Lists the calendars that the account has in its list, with the ids that other actions need. ' +
    "access says what may be done: owner and writer may change events. Not needed for the account's own calendar: its id is " +
    'primary. Safe to repeat.',
  keywords: [
    'shared calendars',
    'team calendar, calendar id',
    'subscribed, diaries',
    'my other calendars',
    'holiday calendar',
    'group calendar, which calendars',
    'calendars I can see',
    'colleagues calendar',
    'calendars I may edit',
    'calendar of the meeting rooms',
    'public holidays',
    'which ones do I have',
  ],
  docs: `${DOCS}/calendarList/list`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [[`${AUTH}.calendarlist.readonly`], [`${AUTH}.calendarlist`], [`${AUTH}.readonly`], [AUTH]],
  input: z.strictObject({
    min_access: z
      .enum(['freeBusyReader', 'reader', 'writer', 'owner'])
      .optional()
      .describe('Only calendars where the account may do at least this. Left out: all.'),
    limit: limit(100),
    page_token: pageToken,
  }),
  output: z.object({
    calendars: z.array(
      z.object({
        id: z.string(),
        name: z.string(),
        description: z.string().optional(),
        time_zone: z.string().optional(),
        access: z.string().optional(),
        primary: z.boolean(),
      }),
    ),
    next_page_token: z.string().optional(),
  }),
  request: ({ min_access, limit, page_token }) => ({
    method: 'GET',
    path: path`/calendar/v3/users/me/calendarList`,
    query: {
      minAccessRole: min_access,
      maxResults: limit,
      pageToken: page_token,
      fields: 'nextPageToken,items(id,summary,summaryOverride,description,timeZone,accessRole,primary)',
    },
  }),
  result: (reply) => {
    const { items = [], nextPageToken } = calendarsWire.parse(reply.body)
    return { calendars: items.map(toCalendar), next_page_token: nextPageToken }
  },
})

const calendarWire = z.object({
  id: z.string(),
  summary: z.string().optional(),
  summaryOverride: z.string().optional(),
  description: z.string().optional(),
  timeZone: z.string().optional(),
  accessRole: z.string().optional(),
  primary: z.boolean().optional(),
})
const calendarsWire = z.object({ items: z.array(calendarWire).optional(), nextPageToken: z.string().optional() })

const toCalendar = (wire: z.output<typeof calendarWire>) => ({
  id: wire.id,
  name: wire.summaryOverride ?? wire.summary ?? wire.id,
  description: wire.description,
  time_zone: wire.timeZone,
  access: wire.accessRole,
  primary: wire.primary ?? false,
})

/** Google answers for at most 50 calendars at a time. */
const MOST_CALENDARS = 50

export const queryFreeBusy = action({
  title: 'Find busy times',
  description:
    'Tells when people or calendars are busy, to find a time for a meeting. What they do is not told. Give mail ' +
    'addresses of colleagues or ids from list_calendars; a calendar that cannot be seen comes back with error. For ' +
    'titles and guests use list_events. Safe to repeat.',
  keywords: [
    'who is free, common gap',
    'when is everybody available, availability',
    'available slot, double booked',
    'open slot, overlap, when can everybody',
    'clash, conflict, suits everybody',
    'when can we meet, is the room free',
    'free slot this week, time for a meeting',
    'has time for a meeting, when does it suit us',
    'find an hour for the whole team',
    'can make it, who is busy',
    'when can we sit down together',
    'meet for an hour, has nothing on',
  ],
  docs: `${DOCS}/freebusy/query`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: [[`${AUTH}.freebusy`], [`${AUTH}.events.freebusy`], [`${AUTH}.readonly`], [AUTH]],
  input: z.strictObject({
    calendars: z
      .array(z.string().regex(/^[^\s/\\]{1,254}$/))
      .min(1)
      .max(MOST_CALENDARS)
      .describe('Whose calendars, such as ["primary", "ann@example.com"].'),
    time_min: moment.describe('From this moment on, such as 2026-01-31T08:00:00Z.'),
    time_max: moment.describe('Up to this moment, such as 2026-01-31T18:00:00Z. At most about three months later.'),
    time_zone: timeZone.describe('Zone in which the answer gives times, such as Europe/Zurich. Left out: UTC.'),
  }),
  output: z.object({
    calendars: z.array(
      z.object({
        id: z.string(),
        busy: z.array(z.object({ start: z.string(), end: z.string() })),
        error: z.string().optional(),
      }),
    ),
  }),
  request: ({ calendars, time_min, time_max, time_zone }) => ({
    method: 'POST',
    path: path`/calendar/v3/freeBusy`,
    body: {
      json: { timeMin: time_min, timeMax: time_max, timeZone: time_zone, items: calendars.map((id) => ({ id })) },
    },
  }),
  result: (reply) => ({
    calendars: Object.entries(busyWire.parse(reply.body).calendars).map(([id, { busy = [], errors }]) => ({
      id,
      busy,
      error: errors?.[0]?.reason,
    })),
  }),
})

const busyWire = z.object({
  calendars: z.record(
    z.string(),
    z.object({
      busy: z.array(z.object({ start: z.string(), end: z.string() })).optional(),
      errors: z.array(z.object({ reason: z.string() })).optional(),
    }),
  ),
})
