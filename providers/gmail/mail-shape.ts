import { fromBase64url } from '#provider-kit'
import * as z from 'zod'
import { htmlText } from './html-text.ts'

/** A MIME tree deeper or wider than this is not read further. */
const MOST_DEPTH = 20
const MOST_PARTS = 200
/** Larger HTML parts are cut before they are turned into text. */
const MOST_HTML = 2_000_000

const partWire = z.object({
  partId: z.string().optional(),
  mimeType: z.string().optional(),
  filename: z.string().optional(),
  headers: z.array(z.object({ name: z.string(), value: z.string() })).optional(),
  body: z.object({ attachmentId: z.string(), size: z.number().int(), data: z.string() }).partial().optional(),
  // Parsed level by level, so that the depth of a hostile tree is ours to bound.
  parts: z.array(z.unknown()).optional(),
})

type Part = z.output<typeof partWire>

const mailWire = z.object({
  id: z.string(),
  threadId: z.string(),
  labelIds: z.array(z.string()).optional(),
  snippet: z.string().optional(),
  payload: partWire.optional(),
})

const address = { from: z.string().optional(), to: z.string().optional(), cc: z.string().optional() }

export const mailSummary = z.object({
  id: z.string(),
  thread_id: z.string(),
  ...address,
  subject: z.string().optional(),
  date: z.string().optional(),
  labels: z.array(z.string()),
  snippet: z.string(),
})

/** A whole mail. `message_id` and `references` are what a reply needs. */
export const mailDetail = mailSummary.omit({ snippet: true }).extend({
  bcc: z.string().optional(),
  reply_to: z.string().optional(),
  message_id: z.string().optional(),
  references: z.array(z.string()).optional(),
  text: z.string(),
  next_offset: z.number().int().optional(),
  attachments: z.array(
    z.object({ filename: z.string(), type: z.string(), size: z.number().int(), attachment_id: z.string().optional() }),
  ),
})

/** The head of a mail and its snippet. */
export function toMailSummary(value: unknown) {
  const { id, threadId, labelIds, snippet, payload } = mailWire.parse(value)
  const header = headerOf(payload)
  return {
    id,
    thread_id: threadId,
    from: header('From'),
    to: header('To'),
    cc: header('Cc'),
    subject: header('Subject'),
    date: header('Date'),
    labels: labelIds ?? [],
    snippet: htmlText(snippet ?? ''),
  }
}

/** A mail with the readable part of its text from `offset` on, at most `max` characters; attachments are named only. */
export function toMailDetail(value: unknown, { offset, max }: { readonly offset: number; readonly max: number }) {
  const { payload } = mailWire.parse(value)
  const header = headerOf(payload)
  const parts = payload ? flatten(payload) : []
  const whole = textOf(parts)
  const text = whole.slice(offset, offset + max).replace(/[\uD800-\uDBFF]$/, '')
  return {
    ...toMailSummary(value),
    bcc: header('Bcc'),
    reply_to: header('Reply-To'),
    message_id: header('Message-ID'),
    references: header('References')
      ?.match(/<[^\s<>]{1,990}>/g)
      ?.slice(-50),
    text,
    next_offset: offset + text.length < whole.length ? offset + text.length : undefined,
    attachments: parts.filter(isAttachment).map(({ filename, mimeType, body }) => ({
      filename: filename || '(no name)',
      type: mimeType ?? 'application/octet-stream',
      size: body?.size ?? 0,
      attachment_id: body?.attachmentId,
    })),
  }
}

const headerOf =
  (part: Part | undefined) =>
  (name: string): string | undefined =>
    part?.headers?.find((header) => header.name.toLowerCase() === name.toLowerCase())?.value || undefined

function flatten(root: Part): readonly Part[] {
  const found: Part[] = []
  const visit = (part: Part, depth: number): void => {
    if (depth > MOST_DEPTH || found.length >= MOST_PARTS) return
    found.push(part)
    for (const child of part.parts ?? []) visit(partWire.parse(child), depth + 1)
  }
  visit(root, 0)
  return found
}

const isAttachment = ({ filename, body }: Part): boolean => Boolean(filename) || body?.attachmentId !== undefined

/** Plain text when the sender wrote any, else the text of the HTML. */
function textOf(parts: readonly Part[]): string {
  const written = (type: string) =>
    parts
      .filter((part) => part.mimeType?.toLowerCase() === type && !isAttachment(part))
      .map((part) => fromBase64url(part.body?.data ?? ''))
      .filter((text) => text.trim() !== '')
  const plain = written('text/plain')
  if (plain.length > 0) return plain.join('\n\n').replaceAll('\r\n', '\n')
  return written('text/html')
    .map((html) => htmlText(html.slice(0, MOST_HTML)))
    .join('\n\n')
}
