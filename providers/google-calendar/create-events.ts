import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { EVENT_FIELDS, eventSummary, toEvent } from './event-shape.ts'
import { calendarId, end, start, toSpan, WRITE_SCOPES, zone } from './fields.ts'
import { guests, notify, toAttendees } from './guests.ts'

const DOCS = 'https://developers.google.com/workspace/calendar/api/v3/reference/events'

const details = {
  title: z.string().min(1).max(1_000).describe('Title of the event, such as "Budget review".'),
  start,
  end,
  time_zone: zone,
  description: z.string().max(8_000).optional().describe('Text of the event, such as "Agenda: …".'),
  location: z.string().max(1_000).optional().describe('Where it is, such as "Room 4.12" or an address.'),
  recurrence: z
    .array(z.string().regex(/^(?:RRULE|EXRULE|RDATE|EXDATE)[:;][\x21-\x7e]{1,500}$/))
    .min(1)
    .max(10)
    .optional()
    .describe('How it repeats, RFC 5545 lines, such as ["RRULE:FREQ=WEEKLY;COUNT=10"]. Left out: once.'),
  event_id: z
    .string()
    .regex(/^[a-v0-9]{5,1000}$/)
    .optional()
    .describe(
      'An id of your own, 5 or more of the letters a to v and digits, such as gh0a1b2c3d4e. With one, a retry answers ' +
        'conflict instead of making a second event.',
    ),
}
const detailsInput = z.strictObject(details)

function toBody({ title, start, end, time_zone, event_id, ...rest }: z.output<typeof detailsInput>) {
  const { description, location, recurrence } = rest
  if (recurrence && time_zone === undefined && start.includes('T')) {
    throw invalidInput('A recurring event needs time_zone, such as Europe/Zurich.')
  }
  return { id: event_id, summary: title, description, location, recurrence, ...toSpan(start, end, time_zone) }
}

const videoCall = (requestId: string | undefined) => ({
  createRequest: { requestId, conferenceSolutionKey: { type: 'hangoutsMeet' } },
})

export const createEvent = action({
  title: 'Create an event without guests',
  description:
    'Puts an event into a calendar; nobody is invited or told. For guests use schedule_meeting. Calendar ids come ' +
    'from list_calendars. Not safe to retry without an event_id of your own: a second call makes a second event.',
  keywords: [
    'block time, block the morning',
    'appointment, reminder, all-day, birthday',
    'put in my diary, hold the slot',
    'book a slot for myself',
    'focus time, deep work',
    'add to calendar, personal, private',
    'out of office, reserve, gym',
    'vacation, holiday, day off',
    'put my trip into the calendar',
    'lunch break, note a date',
    'keep an afternoon free',
    'plan my day, deadline',
  ],
  docs: `${DOCS}/insert`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: WRITE_SCOPES,
  input: z.strictObject({ calendar_id: calendarId, ...details }),
  output: eventSummary,
  request: ({ calendar_id, ...event }) => ({
    method: 'POST',
    path: path`/calendar/v3/calendars/${calendar_id}/events`,
    query: { sendUpdates: 'none', fields: EVENT_FIELDS },
    body: { json: toBody(event) },
  }),
  result: (reply) => toEvent(reply.body),
})

export const scheduleMeeting = action({
  title: 'Schedule a meeting with guests',
  description:
    'Creates an event and invites people by mail, at once. Find a time with query_free_busy and agree on it with the ' +
    'user first; for an event without guests use create_event. Not safe to retry without an event_id of your own: a ' +
    'second call invites twice.',
  keywords: [
    'set up a call, sync, catch-up',
    'book a meeting with, get people together',
    'arrange, organise, sit down with',
    'attendees, interview',
    'send an invitation, invite somebody',
    'meet with colleagues',
    'video call, one-on-one',
    'appointment with a customer',
    'kickoff, workshop, talk with the boss',
    'plan a meeting, set a date with',
    'people from another company',
    'get everyone together',
  ],
  docs: `${DOCS}/insert`,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: WRITE_SCOPES,
  input: z.strictObject({
    calendar_id: calendarId,
    ...details,
    guests: guests.min(1),
    notify_guests: notify,
    video_call: z.boolean().default(false).describe('True adds a Google Meet link; it needs event_id as well.'),
  }),
  output: eventSummary,
  request: ({ calendar_id, guests, notify_guests, video_call, ...event }) => {
    if (video_call && event.event_id === undefined) {
      throw invalidInput('For a video call give an event_id too: it also names the request for the link.')
    }
    return {
      method: 'POST',
      path: path`/calendar/v3/calendars/${calendar_id}/events`,
      query: {
        sendUpdates: notify_guests,
        conferenceDataVersion: video_call ? 1 : undefined,
        fields: EVENT_FIELDS,
      },
      body: {
        json: {
          ...toBody(event),
          attendees: toAttendees(guests),
          ...(video_call ? { conferenceData: videoCall(event.event_id) } : {}),
        },
      },
    }
  },
  result: (reply) => toEvent(reply.body),
})

export const quickAddEvent = action({
  title: 'Create an event from a sentence',
  description:
    'Lets Google read title and time out of one sentence. Use it only for a plain note of the user; create_event is ' +
    'exact. Nobody is told; sentences with a mail address are refused, use schedule_meeting for guests. Not safe to ' +
    'retry: a second call makes a second event. Check the times of the answer.',
  keywords: [
    'natural language',
    'plain text',
    'jot down, haircut',
    'short phrase',
    'one line',
    'lunch tomorrow at noon',
    'quickly, dentist',
    'free text',
    'dinner on Friday at 7',
    'short note',
    'type it in words',
    'call at six',
  ],
  docs: `${DOCS}/quickAdd`,
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: WRITE_SCOPES,
  input: z.strictObject({
    calendar_id: calendarId,
    // Google would take an address in the sentence for a guest.
    text: z
      .string()
      .min(1)
      .max(500)
      .regex(/^[^@]*$/, 'must not hold a mail address; use schedule_meeting to invite people')
      .describe('The sentence, such as "Dentist on June 3rd 10am-11am".'),
  }),
  output: eventSummary,
  request: ({ calendar_id, text }) => ({
    method: 'POST',
    path: path`/calendar/v3/calendars/${calendar_id}/events/quickAdd`,
    query: { text, sendUpdates: 'none', fields: EVENT_FIELDS },
  }),
  result: (reply) => toEvent(reply.body),
})
