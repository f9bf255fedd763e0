import * as z from 'zod'

const MAX_DESCRIPTION = 8_000
const MOST_GUESTS = 100

const timeWire = z.object({
  date: z.string().optional(),
  dateTime: z.string().optional(),
  timeZone: z.string().optional(),
})
const personWire = z.object({
  email: z.string().optional(),
  displayName: z.string().optional(),
  self: z.boolean().optional(),
})
const guestWire = personWire.extend({ responseStatus: z.string().optional(), optional: z.boolean().optional() })

const eventWire = z.object({
  id: z.string(),
  status: z.string().optional(),
  summary: z.string().optional(),
  description: z.string().optional(),
  location: z.string().optional(),
  start: timeWire.optional(),
  end: timeWire.optional(),
  organizer: personWire.optional(),
  attendees: z.array(guestWire).optional(),
  attendeesOmitted: z.boolean().optional(),
  recurrence: z.array(z.string()).optional(),
  recurringEventId: z.string().optional(),
  hangoutLink: z.string().optional(),
  htmlLink: z.string().optional(),
  updated: z.string().optional(),
})

/** What is asked of Google: everything that `toEvent` reads, and nothing else. */
export const EVENT_FIELDS =
  'id,status,summary,description,location,start,end,organizer(email,displayName,self),' +
  'attendees(email,displayName,responseStatus,optional,self),attendeesOmitted,recurrence,recurringEventId,hangoutLink,htmlLink,updated'

/** An event in a list. `start` and `end` are a date for whole days, else a moment with its offset. */
export const eventSummary = z.object({
  id: z.string(),
  title: z.string(),
  start: z.string().optional(),
  end: z.string().optional(),
  time_zone: z.string().optional(),
  status: z.string().optional(),
  location: z.string().optional(),
  organizer: z.string().optional(),
  guests: z.number().int(),
  my_response: z.string().optional(),
  meeting_link: z.string().optional(),
  recurring_event_id: z.string().optional(),
  url: z.string().optional(),
})

export const eventDetail = eventSummary.extend({
  description: z.string().optional(),
  recurrence: z.array(z.string()).optional(),
  guest_list: z.array(
    z.object({
      email: z.string(),
      name: z.string().optional(),
      response: z.string().optional(),
      optional: z.boolean(),
    }),
  ),
  guest_list_cut: z.boolean().optional(),
  updated: z.string().optional(),
})

/** An event as Google sends it, in our names; its description is cut at 8,000 characters, its guests at 100. */
export function toEvent(value: unknown) {
  const event = eventWire.parse(value)
  return {
    ...toTimes(event),
    ...toPeople(event),
    id: event.id,
    title: event.summary ?? '',
    status: event.status,
    location: event.location,
    meeting_link: event.hangoutLink,
    url: event.htmlLink,
    description: clip(event.description),
    updated: event.updated,
  }
}

type EventWire = z.output<typeof eventWire>

const toTimes = ({ start, end, recurrence, recurringEventId }: EventWire) => ({
  start: start?.dateTime ?? start?.date,
  end: end?.dateTime ?? end?.date,
  time_zone: start?.timeZone,
  recurrence,
  recurring_event_id: recurringEventId,
})

const toPeople = ({ organizer, attendees = [], attendeesOmitted }: EventWire) => ({
  organizer: organizer?.email ?? organizer?.displayName,
  guests: attendees.length,
  my_response: attendees.find((guest) => guest.self)?.responseStatus,
  guest_list: attendees.slice(0, MOST_GUESTS).map(toGuest),
  guest_list_cut: attendees.length > MOST_GUESTS || attendeesOmitted ? true : undefined,
})

function toGuest({ email, displayName, responseStatus, optional }: z.output<typeof guestWire>) {
  return { email: email ?? '', name: displayName, response: responseStatus, optional: optional ?? false }
}

const clip = (text: string | undefined): string | undefined =>
  text === undefined || text.length <= MAX_DESCRIPTION
    ? text
    : `${text.slice(0, MAX_DESCRIPTION).replace(/[\uD800-\uDBFF]$/, '')}… [cut: ${text.length - MAX_DESCRIPTION} more characters]`
