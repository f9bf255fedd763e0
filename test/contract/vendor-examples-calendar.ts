import type { Example } from './vendor-examples.ts'

const provider = 'google-calendar'
const calendar_id = 'team#1@group.calendar.google.com'
const event_id = '7kjl2f3o5p8q1r4s6t9u0v2w3x_20260131T090000Z'
const events = `/calendar/v3/calendars/team%231%40group.calendar.google.com/events`
const times = { start: '2026-01-31T10:00', end: '2026-01-31T11:00', time_zone: 'Europe/Zurich' }
const details = {
  ...times,
  title: 'Budget review',
  description: 'Agenda: …',
  location: 'Room 4.12',
  recurrence: ['RRULE:FREQ=WEEKLY;COUNT=10', 'EXDATE;TZID=Europe/Zurich:20260207T100000'],
  event_id: 'gh0a1b2c3d4e',
}

export const calendarExamples: readonly Example[] = [
  {
    provider,
    action: 'list_calendars',
    input: { min_access: 'writer', limit: 10, page_token: 'CiAKGjBpNDd2Nmp2' },
    sends: 'GET /calendar/v3/users/me/calendarList',
  },
  {
    provider,
    action: 'query_free_busy',
    input: {
      calendars: ['primary', 'ann@example.com'],
      time_min: '2026-01-31T08:00:00Z',
      time_max: '2026-01-31T18:00:00+01:00',
      time_zone: 'Europe/Zurich',
    },
    sends: 'POST /calendar/v3/freeBusy',
  },
  {
    provider,
    action: 'list_events',
    input: {
      calendar_id,
      time_min: '2026-01-31T00:00:00+01:00',
      time_max: '2026-02-01T00:00:00+01:00',
      query: 'budget',
      time_zone: 'Europe/Zurich',
      limit: 10,
      page_token: 'CiAKGjBpNDd2Nmp2',
    },
    sends: `GET ${events}`,
  },
  {
    provider,
    action: 'get_event',
    input: { calendar_id, event_id, time_zone: 'Europe/Zurich' },
    sends: `GET ${events}/${event_id}`,
  },
  {
    provider,
    action: 'list_event_instances',
    input: {
      calendar_id,
      event_id,
      time_min: '2026-01-31T00:00:00Z',
      time_max: '2026-03-01T00:00:00Z',
      time_zone: 'Europe/Zurich',
      limit: 10,
      page_token: 'CiAKGjBpNDd2Nmp2',
    },
    sends: `GET ${events}/${event_id}/instances`,
  },
  { provider, action: 'create_event', input: { calendar_id, ...details }, sends: `POST ${events}` },
  {
    provider,
    action: 'create_event',
    input: { title: 'Holiday', start: '2026-01-31', end: '2026-02-02' },
    sends: 'POST /calendar/v3/calendars/primary/events',
  },
  {
    provider,
    action: 'schedule_meeting',
    input: { calendar_id, ...details, guests: ['ann@example.com'], notify_guests: 'externalOnly', video_call: true },
    sends: `POST ${events}`,
  },
  {
    provider,
    action: 'quick_add_event',
    input: { calendar_id, text: 'Dentist on June 3rd 10am-11am' },
    sends: `POST ${events}/quickAdd`,
  },
  {
    provider,
    action: 'update_event',
    input: {
      calendar_id,
      event_id,
      ...times,
      title: 'Budget review, part 2',
      description: '',
      location: 'Room 5',
      notify_guests: 'none',
    },
    sends: `PATCH ${events}/${event_id}`,
  },
  {
    provider,
    action: 'set_event_guests',
    input: { calendar_id, event_id, guests: ['ann@example.com', 'bob@example.com'], notify_guests: 'all' },
    sends: `PATCH ${events}/${event_id}`,
  },
  {
    provider,
    action: 'delete_event',
    input: { calendar_id, event_id, notify_guests: 'none' },
    sends: `DELETE ${events}/${event_id}`,
  },
]
