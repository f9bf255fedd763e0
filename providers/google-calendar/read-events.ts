import { action, path, type WireReply } from '#provider-kit'
import * as z from 'zod'
import { EVENT_FIELDS, eventDetail, eventSummary, toEvent } from './event-shape.ts'
import { calendarId, eventId, limit, moment, pageToken, READ_SCOPES, timeZone } from './fields.ts'

const DOCS = 'https://developers.google.com/workspace/calendar/api/v3/reference/events'
const PAGE_FIELDS = `timeZone,nextPageToken,items(${EVENT_FIELDS})`

const page = z.object({ events: z.array(eventSummary), next_page_token: z.string().optional() })
const pageWire = z.object({ items: z.array(z.unknown()).optional(), nextPageToken: z.string().optional() })

function toPage(reply: WireReply) {
  const { items = [], nextPageToken } = pageWire.parse(reply.body)
  return { events: items.map(toEvent), next_page_token: nextPageToken }
}

const answerZone = timeZone.describe(
  "Zone in which the answer gives times, such as Europe/Zurich. Left out: the calendar's own.",
)

export const listEvents = action({
  title: 'List or search events',
  description:
    'Lists the events of one calendar in the order in which they begin. Each occurrence of a recurring event comes ' +
    'by itself, without descriptions (get_event has them). Give time_min and time_max for an agenda, query to look for ' +
    'words. To find a free time of others use query_free_busy. Go on while there is a next_page_token. Safe to repeat.',
  keywords: [
    'agenda, diary, what is on today',
    'my schedule, am I busy, when is my appointment',
    'appointments, next meeting',
    'meetings this week, upcoming, birthday',
    'what do I have tomorrow',
    'plans for the weekend, do I have something',
    'when is the meeting about',
    'what does my week look like',
    'anything planned, my calendar today',
    'how full is my day, am I free on a day',
    'what is coming up, what is planned',
    'do I have to be anywhere',
  ],
  docs: `${DOCS}/list`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ_SCOPES,
  input: z.strictObject({
    calendar_id: calendarId,
    time_min: moment.describe('Only events that end after this moment, such as 2026-01-31T00:00:00+01:00.'),
    time_max: moment
      .optional()
      .describe('Only events that begin before this moment, such as 2026-02-01T00:00:00+01:00. Left out: no end.'),
    query: z
      .string()
      .min(1)
      .max(500)
      .optional()
      .describe('Words in the title, description, place or guests, such as "budget review".'),
    time_zone: answerZone,
    limit: limit(50),
    page_token: pageToken,
  }),
  output: page,
  request: ({ calendar_id, time_min, time_max, query, time_zone, limit, page_token }) => ({
    method: 'GET',
    path: path`/calendar/v3/calendars/${calendar_id}/events`,
    query: {
      timeMin: time_min,
      timeMax: time_max,
      q: query,
      timeZone: time_zone,
      // Sorting by time needs single events: a series has no one time.
      singleEvents: true,
      orderBy: 'startTime',
      maxResults: limit,
      pageToken: page_token,
      fields: PAGE_FIELDS,
    },
  }),
  result: toPage,
})

export const getEvent = action({
  title: 'Read an event',
  description:
    'Reads one event: description, place, guests with their answers, video link. The id comes from list_events; give ' +
    'the same calendar_id. For the whole series of an occurrence read its recurring_event_id. Safe to repeat.',
  keywords: [
    'meeting details, how long is it',
    'who is coming, dial in, RSVP',
    'attending, attendees, agenda of a meeting',
    'accepted or declined, zoom link, organiser',
    'call link, video link',
    'location, which room, where is it',
    'participants, who said yes',
    'what is this meeting about',
    'description of an appointment',
    'who was invited, in which room',
    'notes of the appointment',
    'address of the appointment',
  ],
  docs: `${DOCS}/get`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ_SCOPES,
  input: z.strictObject({ calendar_id: calendarId, event_id: eventId, time_zone: answerZone }),
  output: eventDetail,
  request: ({ calendar_id, event_id, time_zone }) => ({
    method: 'GET',
    path: path`/calendar/v3/calendars/${calendar_id}/events/${event_id}`,
    query: { timeZone: time_zone, fields: EVENT_FIELDS },
  }),
  result: (reply) => toEvent(reply.body),
})

export const listEventInstances = action({
  title: 'List the occurrences of a recurring event',
  description:
    'Lists the occurrences of one recurring event with their own ids. Use it to change or delete a single one of them. ' +
    'Give the id of the series: recurring_event_id of list_events or get_event. For an agenda use list_events. Safe ' +
    'to repeat.',
  keywords: [
    'recurring meeting dates',
    'repeating, weekly',
    'series, daily',
    'every instance',
    'one instance',
    'single date of a repeating meeting',
    'all dates of a series',
    'next occurrences',
    'every week',
    'biweekly, monthly',
    'next few dates of a meeting',
    'how often',
  ],
  docs: `${DOCS}/instances`,
  effect: 'read',
  external: false,
  idempotent: true,
  scopes: READ_SCOPES,
  input: z.strictObject({
    calendar_id: calendarId,
    event_id: eventId,
    time_min: moment.optional().describe('Only occurrences that end after this moment, such as 2026-01-31T00:00:00Z.'),
    time_max: moment.optional().describe('Only occurrences that begin before it, such as 2026-03-01T00:00:00Z.'),
    time_zone: answerZone,
    limit: limit(50),
    page_token: pageToken,
  }),
  output: page,
  request: ({ calendar_id, event_id, time_min, time_max, time_zone, limit, page_token }) => ({
    method: 'GET',
    path: path`/calendar/v3/calendars/${calendar_id}/events/${event_id}/instances`,
    query: {
      timeMin: time_min,
      timeMax: time_max,
      timeZone: time_zone,
      maxResults: limit,
      pageToken: page_token,
      fields: PAGE_FIELDS,
    },
  }),
  result: toPage,
})
