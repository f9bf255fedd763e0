import * as z from 'zod'

export const GMAIL = 'https://www.googleapis.com/auth/gmail'

/** Scopes that allow reading whole mails, the narrowest first. */
export const READ_SCOPES = [[`${GMAIL}.readonly`], [`${GMAIL}.modify`]]

const ID = /^[A-Za-z0-9_-]{1,128}$/

export const messageId = z
  .string()
  .regex(ID)
  .describe('Id of the message, such as 18c2f0a1b2c3d4e5. From search_messages or get_thread.')
export const threadId = z
  .string()
  .regex(ID)
  .describe('Id of the thread, such as 18c2f0a1b2c3d4e5: thread_id of search_messages or get_message.')
export const draftId = z.string().regex(ID).describe('Id of the draft, such as r-4398453493. From create_draft.')

export const labelIds = z.array(z.string().regex(/^\S{1,128}$/)).max(100)

/** One mailbox, without a display name: what a policy compares is what is sent. RFC 5321 §4.1.2, ASCII only. */
const MAILBOX =
  /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}$/

export const addresses = z
  .array(
    z
      .string()
      .max(254)
      .regex(MAILBOX, 'must be one plain address such as ann@example.com, without a name or line breaks'),
  )
  .max(100)

/** Text of a header: one line. CR or LF would start a header of the caller's choosing (RFC 5322 §2.2). */
export const oneLine = (max: number) =>
  z
    .string()
    .max(max)
    // oxlint-disable-next-line no-control-regex -- control characters are what is refused
    .regex(/^[^\x00-\x1f\x7f]*$/, 'must be one line without control characters')

export const mailReference = z
  .string()
  .max(998)
  .regex(/^<[^\s<>]+>$/, 'must look like <id@example.com>, with the angle brackets')
