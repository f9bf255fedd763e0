import { describe, expect, it } from 'vitest'
import calendar from '../../../providers/google-calendar/index.ts'
import { kindOf, reply, sent, sentJson, shown } from './replies.ts'

const { actions } = calendar
const title = 'Budget review'
const timed = { title, start: '2026-01-31T10:00:00+01:00', end: '2026-01-31T11:00:00+01:00' }

const event = (extra: object = {}) => ({
  kind: 'calendar#event',
  etag: '"1"',
  id: 'e1',
  status: 'confirmed',
  summary: title,
  start: { dateTime: '2026-01-31T10:00:00+01:00', timeZone: 'Europe/Zurich' },
  end: { dateTime: '2026-01-31T11:00:00+01:00', timeZone: 'Europe/Zurich' },
  organizer: { email: 'ann@example.com', self: true },
  attendees: [
    { email: 'ann@example.com', self: true, responseStatus: 'accepted', organizer: true },
    { email: 'bob@example.com', displayName: 'Bob', responseStatus: 'needsAction', optional: true },
  ],
  hangoutLink: 'https://meet.google.com/abc',
  htmlLink: 'https://www.google.com/calendar/event?eid=e1',
  reminders: { useDefault: true },
  ...extra,
})

describe('Calendars', () => {
  it('are listed with what may be done with them, page by page', async () => {
    const page = reply({
      items: [
        {
          id: 'ann@example.com',
          summary: 'ann@example.com',
          summaryOverride: 'Me',
          primary: true,
          accessRole: 'owner',
        },
        { id: 'team@group.calendar.google.com', summary: 'Team', timeZone: 'Europe/Zurich', accessRole: 'reader' },
      ],
      nextPageToken: 'p2',
    })
    expect(shown(actions.list_calendars, {}, page)).toEqual({
      calendars: [
        { id: 'ann@example.com', name: 'Me', access: 'owner', primary: true },
        {
          id: 'team@group.calendar.google.com',
          name: 'Team',
          time_zone: 'Europe/Zurich',
          access: 'reader',
          primary: false,
        },
      ],
      next_page_token: 'p2',
    })
    expect((await sent(actions.list_calendars, { page_token: 'p2' })).query).toMatchObject({ pageToken: 'p2' })
  })

  it('tell when people are busy, and for whom that cannot be seen', async () => {
    const input = {
      calendars: ['primary', 'bob@example.com'],
      time_min: '2026-01-31T08:00:00Z',
      time_max: '2026-01-31T18:00:00Z',
    }
    expect(await sentJson(actions.query_free_busy, input)).toEqual({
      timeMin: '2026-01-31T08:00:00Z',
      timeMax: '2026-01-31T18:00:00Z',
      items: [{ id: 'primary' }, { id: 'bob@example.com' }],
    })
    const busy = [{ start: '2026-01-31T09:00:00Z', end: '2026-01-31T10:00:00Z' }]
    const answer = {
      calendars: {
        primary: { busy },
        'bob@example.com': { errors: [{ domain: 'global', reason: 'notFound' }], busy: [] },
      },
    }
    expect(shown(actions.query_free_busy, input, reply(answer))).toEqual({
      calendars: [
        { id: 'primary', busy },
        { id: 'bob@example.com', busy: [], error: 'notFound' },
      ],
    })
  })
})

describe('Events', () => {
  it('are listed in the order of time, each occurrence by itself, without their texts', async () => {
    const { query } = await sent(actions.list_events, { time_min: '2026-01-31T00:00:00Z', query: 'budget' })
    expect(query).toMatchObject({ singleEvents: true, orderBy: 'startTime', q: 'budget', maxResults: 50 })
    const page = reply({
      items: [event({ description: 'secret' }), { id: 'e2', start: { date: '2026-02-01' } }],
      nextPageToken: 'n',
    })
    expect(shown(actions.list_events, { time_min: '2026-01-31T00:00:00Z' }, page)).toEqual({
      events: [
        {
          id: 'e1',
          title,
          start: '2026-01-31T10:00:00+01:00',
          end: '2026-01-31T11:00:00+01:00',
          time_zone: 'Europe/Zurich',
          status: 'confirmed',
          organizer: 'ann@example.com',
          guests: 2,
          my_response: 'accepted',
          meeting_link: 'https://meet.google.com/abc',
          url: 'https://www.google.com/calendar/event?eid=e1',
        },
        { id: 'e2', title: '', start: '2026-02-01', guests: 0 },
      ],
      next_page_token: 'n',
    })
  })

  it('are read with their guests, long ones cut', () => {
    const crowd = Array.from({ length: 150 }, (_, index) => ({ email: `a${index}@example.com` }))
    const detail = shown(
      actions.get_event,
      { event_id: 'e1' },
      reply(event({ attendees: crowd, description: 'x'.repeat(9_000) })),
    ) as { guest_list: unknown[]; guests: number; guest_list_cut: boolean; description: string }
    expect([detail.guests, detail.guest_list.length, detail.guest_list_cut]).toEqual([150, 100, true])
    expect(detail.description).toMatch(/… \[cut: 1000 more characters\]$/)
  })

  it('without guests are created and nobody is told', async () => {
    const { query } = await sent(actions.create_event, timed)
    expect(query).toMatchObject({ sendUpdates: 'none' })
    expect(await sentJson(actions.create_event, timed)).toEqual({
      summary: title,
      start: { dateTime: '2026-01-31T10:00:00+01:00' },
      end: { dateTime: '2026-01-31T11:00:00+01:00' },
    })
    expect(actions.create_event.input.safeParse({ ...timed, guests: ['bob@example.com'] }).success).toBe(false)
  })

  it('take whole days, times with a zone, and times with an offset', async () => {
    const span = async (start: string, end: string, time_zone?: string) =>
      await sentJson(actions.create_event, { title, start, end, ...(time_zone ? { time_zone } : {}) })
    expect(await span('2026-01-31', '2026-02-01')).toMatchObject({
      start: { date: '2026-01-31' },
      end: { date: '2026-02-01' },
    })
    expect(await span('2026-01-31T10:00', '2026-01-31T11:00:30', 'Europe/Zurich')).toMatchObject({
      start: { dateTime: '2026-01-31T10:00:00', timeZone: 'Europe/Zurich' },
      end: { dateTime: '2026-01-31T11:00:30', timeZone: 'Europe/Zurich' },
    })
    expect(await span('2026-01-31T10:00Z', '2026-01-31T11:00Z')).toMatchObject({
      start: { dateTime: '2026-01-31T10:00:00Z' },
    })
  })

  it.each([
    [{ start: '2026-01-31T10:00:00', end: '2026-01-31T11:00:00' }, /no offset from UTC/],
    [{ start: '2026-01-31', end: '2026-01-31T11:00:00Z' }, /both be dates/],
    [{ recurrence: ['RRULE:FREQ=DAILY'] }, /needs time_zone/],
  ])('are refused for times that do not fit together: %j', async (change, words) => {
    await expect(sent(actions.create_event, { ...timed, ...change })).rejects.toThrow(words)
  })

  it('with guests are an action of their own, which always says who gets a mail', async () => {
    expect(actions.schedule_meeting.external).toBe(true)
    const meeting = { ...timed, guests: ['bob@example.com'] }
    expect((await sent(actions.schedule_meeting, meeting)).query).toMatchObject({ sendUpdates: 'all' })
    expect(await sentJson(actions.schedule_meeting, meeting)).toMatchObject({
      attendees: [{ email: 'bob@example.com' }],
    })
    expect(actions.schedule_meeting.input.safeParse({ ...timed, guests: [] }).success).toBe(false)
  })

  it('get a video link only where a retry cannot make two', async () => {
    const meeting = { ...timed, guests: ['bob@example.com'], video_call: true }
    await expect(sent(actions.schedule_meeting, meeting)).rejects.toThrow(/event_id too/)
    const { query } = await sent(actions.schedule_meeting, { ...meeting, event_id: 'gh0a1b2c' })
    expect(query).toMatchObject({ conferenceDataVersion: 1 })
    expect(await sentJson(actions.schedule_meeting, { ...meeting, event_id: 'gh0a1b2c' })).toMatchObject({
      id: 'gh0a1b2c',
      conferenceData: { createRequest: { requestId: 'gh0a1b2c' } },
    })
  })

  it('from a sentence cannot invite anybody', async () => {
    expect(actions.quick_add_event.input.safeParse({ text: 'Lunch with bob@example.com' }).success).toBe(false)
    expect((await sent(actions.quick_add_event, { text: 'Dentist at 10' })).query).toMatchObject({
      sendUpdates: 'none',
    })
  })

  it('are changed only in what is named', async () => {
    expect(await sentJson(actions.update_event, { event_id: 'e1', location: '' })).toEqual({ location: '' })
    await expect(sent(actions.update_event, { event_id: 'e1' })).rejects.toThrow(/Nothing to change/)
    await expect(sent(actions.update_event, { event_id: 'e1', start: '2026-01-31' })).rejects.toThrow(/together/)
    expect(await sentJson(actions.set_event_guests, { event_id: 'e1', guests: [] })).toEqual({ attendees: [] })
  })

  it('are deleted and say so, although Google says nothing', () => {
    expect(shown(actions.delete_event, { event_id: 'e1' }, reply(undefined, 204))).toEqual({
      deleted: true,
      event_id: 'e1',
    })
  })

  it.each(['..', 'a/b', 'a b', 'a%2fb', 'a?x=1', '', 'a\r\nx'])(
    'of the calendar %j are not asked for',
    (calendar_id) => {
      const input = { calendar_id, event_id: 'e1' }
      const parsed = actions.get_event.input.safeParse(input)
      if (parsed.success)
        expect(() => actions.get_event.request(parsed.data, {})).toThrow(/cannot be part of an address/)
      else expect(parsed.error.issues[0]?.path).toEqual(['calendar_id'])
    },
  )

  it.each(['bob@example.com\r\nx', 'Bob <bob@example.com>', 'bob@example.com,eve@example.com', 'bob'])(
    'do not take %j for a guest',
    (guest) => {
      expect(actions.set_event_guests.input.safeParse({ event_id: 'e1', guests: [guest] }).success).toBe(false)
    },
  )
})

describe('Google refusals', () => {
  it('are read by status and reason', () => {
    const said = (code: number, reason: string) => reply({ error: { code, message: 'no', errors: [{ reason }] } }, code)
    expect(kindOf(calendar, said(403, 'rateLimitExceeded'))).toBe('rate_limit_exceeded')
    expect(kindOf(calendar, said(403, 'insufficientPermissions'))).toBe('missing_scope')
    expect(kindOf(calendar, said(403, 'forbiddenForNonOrganizer'))).toBe('forbidden')
    expect(kindOf(calendar, said(401, 'authError'))).toBe('reauth')
    expect(kindOf(calendar, said(409, 'duplicate'))).toBe('conflict')
    expect(kindOf(calendar, said(410, 'deleted'))).toBe('not_found')
    expect(kindOf(calendar, reply({ items: [] }))).toBe('fine')
  })

  it('come without an account, an answer with it', () => {
    expect(calendar.whoami?.account(reply({ email: 'ann@example.com' }))).toBe('ann@example.com')
    expect(calendar.whoami?.account(reply({}))).toBeUndefined()
  })
})
