import { action, invalidInput, path } from '#provider-kit'
import * as z from 'zod'
import { EVENT_FIELDS, eventDetail, toEvent } from './event-shape.ts'
import { calendarId, end, eventId, start, toSpan, WRITE_SCOPES, zone } from './fields.ts'
import { guests, notify, toAttendees } from './guests.ts'

const DOCS = 'https://developers.google.com/workspace/calendar/api/v3/reference/events'

export const updateEvent = action({
  title: 'Change an event',
  description:
    "Changes title, time, place or text of an event, also in its guests' calendars. What you leave out stays. " +
    'Guests are changed with set_event_guests. The id of one occurrence changes only that one, the id of the series ' +
    'all of them. Ids come from list_events. Safe to retry.',
  keywords: [
    'reschedule, shift a call',
    'move a meeting, move the standup',
    'postpone, new time, we start later',
    'push back, new place, shift to another hour',
    'rename, delay, bring forward',
    'another room, starts later',
    'longer or shorter, tomorrow instead',
    'later or earlier, make it longer',
    'change the time of a meeting',
    'to another day, half an hour later',
    'change the title of an appointment',
    'other date, runs longer',
  ],
  docs: `${DOCS}/patch`,
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: WRITE_SCOPES,
  input: z.strictObject({
    calendar_id: calendarId,
    event_id: eventId,
    title: z.string().min(1).max(1_000).optional().describe('New title, such as "Budget review, part 2".'),
    start: start.optional(),
    end: end.optional(),
    time_zone: zone,
    description: z.string().max(8_000).optional().describe('New text, such as "Agenda: …"; empty removes it.'),
    location: z.string().max(1_000).optional().describe('New place, such as "Room 4.12"; empty removes it.'),
    notify_guests: notify,
  }),
  output: eventDetail,
  request: ({ calendar_id, event_id, notify_guests, title, start, end, time_zone, description, location }) => {
    if ((start === undefined) !== (end === undefined)) throw invalidInput('Give start and end together.')
    const span = start === undefined || end === undefined ? {} : toSpan(start, end, time_zone)
    const changes = { summary: title, description, location, ...span }
    if (Object.values(changes).every((change) => change === undefined)) {
      throw invalidInput('Nothing to change: give at least one of title, start and end, description, location.')
    }
    return {
      method: 'PATCH',
      path: path`/calendar/v3/calendars/${calendar_id}/events/${event_id}`,
      query: { sendUpdates: notify_guests, fields: EVENT_FIELDS },
      body: { json: changes },
    }
  },
  result: (reply) => toEvent(reply.body),
})

export const setEventGuests = action({
  title: 'Set the guests of an event',
  description:
    'Replaces the whole guest list of an event: who is not named loses the invitation. ' +
    'Read get_event first and give everybody who shall stay. New guests are invited by mail. Safe to retry: the same ' +
    'call gives the same list.',
  keywords: [
    'add an attendee, who shall come',
    'invite another person too',
    'uninvite, invitees, invitation list',
    'remove a participant, forward the invitation',
    'attendee list of a meeting',
    'include somebody, should come too',
    'bring in, optional guest',
    'take off the invite, also wants to come',
    'add people to a meeting',
    'add a colleague to the meeting',
    'take somebody off the invitation',
    'should not be on the guest list',
  ],
  docs: `${DOCS}/patch`,
  effect: 'write',
  external: true,
  idempotent: true,
  scopes: WRITE_SCOPES,
  input: z.strictObject({ calendar_id: calendarId, event_id: eventId, guests, notify_guests: notify }),
  output: eventDetail,
  request: ({ calendar_id, event_id, guests, notify_guests }) => ({
    method: 'PATCH',
    path: path`/calendar/v3/calendars/${calendar_id}/events/${event_id}`,
    query: { sendUpdates: notify_guests, fields: EVENT_FIELDS },
    body: { json: { attendees: toAttendees(guests) } },
  }),
  result: (reply) => toEvent(reply.body),
})

export const deleteEvent = action({
  title: 'Delete an event',
  description:
    'Deletes an event and takes it out of the calendars of its guests. Only when the user asked for it. The id of ' +
    'one occurrence deletes only that one, the id of the series all of them. Ids come from list_events. A retry after ' +
    'success answers not found.',
  keywords: [
    'cancel a meeting, cannot make it',
    'call off, cancelled',
    'remove an appointment',
    'drop, skip, called off',
    'scrap, is off, not happening',
    'clear from my diary',
    'take off the calendar',
    'remove from calendar',
    'does not take place',
    'free up the slot, no longer needed',
    'clean up my calendar',
    'drop a meeting, not needed',
  ],
  docs: `${DOCS}/delete`,
  effect: 'destructive',
  external: true,
  idempotent: true,
  scopes: WRITE_SCOPES,
  input: z.strictObject({ calendar_id: calendarId, event_id: eventId, notify_guests: notify }),
  output: z.object({ deleted: z.boolean(), event_id: z.string() }),
  request: ({ calendar_id, event_id, notify_guests }) => ({
    method: 'DELETE',
    path: path`/calendar/v3/calendars/${calendar_id}/events/${event_id}`,
    query: { sendUpdates: notify_guests },
  }),
  result: (_reply, _followUps, { event_id }) => ({ deleted: true, event_id }),
})
