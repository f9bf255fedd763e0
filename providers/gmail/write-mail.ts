import { action, base64url, invalidInput, mime, path } from '#provider-kit'
import * as z from 'zod'
import { addresses, draftId, GMAIL, mailReference, oneLine, threadId } from './fields.ts'

/** Gmail's limit of recipients of one mail, over to, cc and bcc. */
const MOST_RECIPIENTS = 100

const mail = {
  to: addresses.min(1).describe('Addresses of the recipients, such as ["ann@example.com"].'),
  cc: addresses.optional().describe('Addresses that get a copy, such as ["bob@example.com"].'),
  bcc: addresses.optional().describe('Addresses that get a copy that nobody sees, such as ["carl@example.com"].'),
  subject: oneLine(500).describe('One line, such as "Invoice 1042". A reply keeps the subject, with "Re: " in front.'),
  text: z.string().max(500_000).describe('The mail as plain text, such as "Hello Ann,\\nhere it is."'),
  html: z
    .string()
    .max(500_000)
    .optional()
    .describe('The same as HTML, such as "<p>Hello Ann, here it is.</p>". Left out: a plain text mail.'),
  thread_id: threadId
    .optional()
    .describe('Only for a reply: thread_id of the message, such as 18c2f0a1b2c3d4e5. Give in_reply_to as well.'),
  in_reply_to: mailReference
    .optional()
    .describe('Only for a reply: message_id that get_message shows, such as <CAF1x2@mail.example.com>.'),
  references: z
    .array(mailReference)
    .max(50)
    .optional()
    .describe('Only for a reply: references of that message and its message_id, such as ["<a@x.org>", "<b@y.org>"].'),
}

const mailInput = z.strictObject(mail)
type MailInput = z.output<typeof mailInput>

/** The mail as Gmail takes it: RFC 5322, base64url. Gmail adds From, Date and Message-ID. */
async function toGmail(input: MailInput) {
  const { thread_id, in_reply_to, references, cc, bcc, html, ...rest } = input
  if (rest.to.length + (cc?.length ?? 0) + (bcc?.length ?? 0) > MOST_RECIPIENTS) {
    throw invalidInput(`to, cc and bcc name more than ${MOST_RECIPIENTS} addresses together. Send several mails.`)
  }
  const bytes = await mime({
    ...rest,
    ...(cc ? { cc } : {}),
    ...(bcc ? { bcc } : {}),
    ...(html === undefined ? {} : { html }),
    ...(in_reply_to === undefined ? {} : { inReplyTo: in_reply_to, references: references ?? [in_reply_to] }),
  })
  return { raw: base64url(bytes), threadId: thread_id }
}

const sent = z.object({ id: z.string(), thread_id: z.string() })
const sentWire = z.object({ id: z.string(), threadId: z.string() })

function toSent(body: unknown) {
  const { id, threadId } = sentWire.parse(body)
  return { id, thread_id: threadId }
}

export const sendMessage = action({
  title: 'Send a mail',
  description:
    'Sends a mail from the connected mailbox, at once and for good. When the user has not seen the text use ' +
    'create_draft instead. To reply give thread_id, in_reply_to and references (from get_message) and the same ' +
    'subject. Not safe to retry: a second call sends twice; search_messages with in:sent shows whether the first ' +
    'one went out.',
  keywords: [
    'email somebody, notify by mail',
    'compose, cc, apologise',
    'reply to a mail, respond by email',
    'forward, contact, let know by mail',
    'drop a line, write a mail',
    'send an email now, answer a customer',
    'mail to a customer, forward by email',
    'write to somebody outside',
    'mail a report, share by mail',
    'tell somebody by email',
    'get in touch, thank by mail',
    'remind by mail, pass on by mail',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: [[`${GMAIL}.send`], [`${GMAIL}.compose`], [`${GMAIL}.modify`]],
  input: mailInput,
  output: sent,
  request: async (input) => ({
    method: 'POST',
    path: path`/gmail/v1/users/me/messages/send`,
    query: { fields: 'id,threadId' },
    body: { json: await toGmail(input) },
  }),
  result: (reply) => toSent(reply.body),
})

export const createDraft = action({
  title: 'Write a draft',
  description:
    'Writes a mail into the drafts, where the user can read, change and send it; nobody gets it yet. ' +
    'Prefer it to send_message when the text was not agreed on. The id of the answer is for send_draft. Not safe to ' +
    'retry: a second call makes a second draft.',
  keywords: [
    'prepare an email, phrase an answer',
    'compose without sending',
    'save for later, for approval',
    'unsent, email text, suggest an answer',
    'write up, draft up, write a polite reply',
    'review before it goes out',
    'reply for me to check',
    'do not send yet, propose a text',
    'let me look first, sketch a mail',
    'draft an answer, propose a reply',
    'I want to see it first',
    'I will send it myself',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/create',
  effect: 'write',
  external: false,
  idempotent: false,
  scopes: [[`${GMAIL}.compose`], [`${GMAIL}.modify`]],
  input: mailInput,
  output: z.object({ draft_id: z.string(), message_id: z.string(), thread_id: z.string() }),
  request: async (input) => ({
    method: 'POST',
    path: path`/gmail/v1/users/me/drafts`,
    query: { fields: 'id,message(id,threadId)' },
    body: { json: { message: await toGmail(input) } },
  }),
  result: (reply) => {
    const { id, message } = z.object({ id: z.string(), message: sentWire }).parse(reply.body)
    return { draft_id: id, message_id: message.id, thread_id: message.threadId }
  },
})

export const sendDraft = action({
  title: 'Send a draft',
  description:
    'Sends a draft as it lies in the mailbox, to everybody it names. What the user changed since is in it. The ' +
    'id comes from create_draft. A retry after success answers not found, because the draft is gone: the mail is ' +
    'not sent twice.',
  keywords: [
    'send off, finished',
    'prepared mail',
    'unsent email',
    'goes out now',
    'dispatch the email I wrote',
    'release it',
    'already written',
    'draft is fine, send it',
    'approved draft',
    'I have checked the draft',
    'send what I wrote',
    'ready to go out',
  ],
  docs: 'https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.drafts/send',
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: [[`${GMAIL}.compose`], [`${GMAIL}.modify`]],
  input: z.strictObject({ draft_id: draftId }),
  output: sent,
  request: ({ draft_id }) => ({
    method: 'POST',
    path: path`/gmail/v1/users/me/drafts/send`,
    query: { fields: 'id,threadId' },
    body: { json: { id: draft_id } },
  }),
  result: (reply) => toSent(reply.body),
})
