import { defineProvider, path } from '#provider-kit'
import * as z from 'zod'
import { googleFailure } from '../_google/failure.ts'
import { googleAuth } from '../_google/oauth.ts'
import { listCalendars, queryFreeBusy } from './calendars.ts'
import { deleteEvent, setEventGuests, updateEvent } from './change-events.ts'
import { createEvent, quickAddEvent, scheduleMeeting } from './create-events.ts'
import { getEvent, listEventInstances, listEvents } from './read-events.ts'

/** Google Calendar's API v3 for the calendars of one account. */
export default defineProvider({
  id: 'google-calendar',
  title: 'Google Calendar',
  docs: 'https://developers.google.com/workspace/calendar/api/v3/reference',
  baseUrl: 'https://www.googleapis.com',
  auth: googleAuth,
  headers: { accept: 'application/json' },
  failure: googleFailure,
  whoami: {
    request: { method: 'GET', path: path`/oauth2/v2/userinfo`, query: { fields: 'email' } },
    account: (reply) => z.object({ email: z.string() }).safeParse(reply.body).data?.email,
  },
  actions: {
    list_calendars: listCalendars,
    query_free_busy: queryFreeBusy,
    list_events: listEvents,
    get_event: getEvent,
    list_event_instances: listEventInstances,
    create_event: createEvent,
    schedule_meeting: scheduleMeeting,
    quick_add_event: quickAddEvent,
    update_event: updateEvent,
    set_event_guests: setEventGuests,
    delete_event: deleteEvent,
  },
})
