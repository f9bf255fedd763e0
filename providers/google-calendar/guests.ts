import * as z from 'zod'

/** One mailbox without a name: what a policy compares is what is sent. */
const MAILBOX = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}$/

/** Google's limit is 200 guests an event. */
export const guests = z
  .array(z.string().max(254).regex(MAILBOX, 'must be one plain address such as ann@example.com'))
  .max(200)
  .describe('Mail addresses of the guests, such as ["ann@example.com", "bob@example.com"].')

export const toAttendees = (addresses: readonly string[]) => addresses.map((email) => ({ email }))

/** Always sent: without it Google does not do what its own pages do. */
export const notify = z
  .enum(['all', 'externalOnly', 'none'])
  .default('all')
  .describe('Who gets a mail about it: all guests, only those without Google Calendar, or nobody.')
