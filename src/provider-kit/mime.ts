import MailComposer from 'nodemailer/lib/mail-composer'
import { GatewayError } from '../kernel/errors.ts'

/** A mail as a provider gives it. Addresses are one each: `ann@example.com` or `Ann Lee <ann@example.com>`. */
export interface Mail {
  readonly from?: string
  readonly to: readonly string[]
  readonly cc?: readonly string[]
  /** Kept as a header, because the vendor's API is what reads and removes it. */
  readonly bcc?: readonly string[]
  readonly replyTo?: string
  readonly subject: string
  readonly text?: string
  readonly html?: string
  readonly attachments?: readonly MailAttachment[]
  /** Message ids with their angle brackets. */
  readonly inReplyTo?: string
  readonly references?: readonly string[]
  readonly messageId?: string
  readonly date?: Date
}

export interface MailAttachment {
  readonly filename: string
  readonly contentType: string
  readonly content: string | Uint8Array
}

/**
 * The mail as RFC 5322 bytes with CRLF line ends. The same mail gives the same bytes: `Date` and `Message-ID` are there
 * only when given (vendors add their own). Throws `invalid_input` for line breaks and control characters in a header,
 * and for an entry that is not exactly one address.
 */
export async function mime(mail: Mail): Promise<Uint8Array> {
  const message = new MailComposer({ ...headersOf(mail), ...contentOf(mail) }).compile()
  message.keepBcc = true
  const bytes = Buffer.from(await message.build())
  return mail.date && mail.messageId ? bytes : dropStandIns(bytes, mail)
}

function headersOf(mail: Mail) {
  return {
    ...(mail.from === undefined ? {} : { from: address(mail.from) }),
    to: mail.to.map(address),
    cc: (mail.cc ?? []).map(address),
    bcc: (mail.bcc ?? []).map(address),
    ...(mail.replyTo === undefined ? {} : { replyTo: address(mail.replyTo) }),
    subject: oneLine('subject', mail.subject),
    ...(mail.inReplyTo === undefined ? {} : { inReplyTo: messageId(mail.inReplyTo) }),
    ...(mail.references?.length ? { references: mail.references.map(messageId) } : {}),
    messageId: mail.messageId === undefined ? '<none@invalid>' : messageId(mail.messageId),
    date: mail.date ?? new Date(0),
  }
}

function contentOf(mail: Mail) {
  return {
    ...(mail.text === undefined && mail.html !== undefined ? {} : { text: mail.text ?? '' }),
    ...(mail.html === undefined ? {} : { html: mail.html }),
    attachments: (mail.attachments ?? []).map(({ filename, contentType, content }) => ({
      filename: oneLine('file name', filename),
      contentType: oneLine('content type', contentType),
      content: typeof content === 'string' ? content : Buffer.from(content),
    })),
    newline: '\r\n',
    baseBoundary: boundaryFor(mail),
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

/** A boundary that no part contains (RFC 2046 §5.1.1), found without chance so that equal mails give equal bytes. */
function boundaryFor(mail: Mail): string {
  const texts = [mail.text ?? '', mail.html ?? '', ...(mail.attachments ?? []).map((file) => latin1(file.content))]
  const taken = new Set(
    texts.flatMap((text) => [...text.matchAll(/gatehouse-[0-9]{1,9}-part/g)].map(([token]) => token)),
  )
  let count = 0
  while (taken.has(boundary(count))) count++
  return boundary(count)
}

const boundary = (count: number): string => `gatehouse-${count}-part`

const latin1 = (content: string | Uint8Array): string =>
  typeof content === 'string' ? content : Buffer.from(content).toString('latin1')

/** The composer insists on `Date` and `Message-ID`: where we have none it got a short stand-in, each on one line. */
function dropStandIns(bytes: Buffer, mail: Mail): Uint8Array {
  const end = bytes.indexOf('\r\n\r\n')
  const standIns = [...(mail.date ? [] : ['date']), ...(mail.messageId ? [] : ['message-id'])]
  const lines = bytes.subarray(0, end).toString('latin1').split('\r\n')
  const kept = lines.filter((line) => !standIns.includes(line.slice(0, line.indexOf(':')).toLowerCase()))
  return Buffer.concat([Buffer.from(kept.join('\r\n'), 'latin1'), bytes.subarray(end)])
}

const ADDRESS = /^[^\s<>",;:()[\]\\@]{1,64}@[^\s<>",;:()[\]\\@]{1,255}$/

function address(text: string): { readonly name: string; readonly address: string } {
  const open = text.lastIndexOf('<')
  const named = open >= 0 && text.endsWith('>')
  const name = named ? text.slice(0, open).trim() : ''
  const bare = named ? text.slice(open + 1, -1) : text.trim()
  if (!ADDRESS.test(bare) || /[<>,;:@]/.test(name) || hasControls(text)) {
    throw new GatewayError(
      'invalid_input',
      `${JSON.stringify(text.slice(0, 120))} is not one mail address. Give each as name@example.com or Name <name@example.com>.`,
    )
  }
  return { name: name.replaceAll('"', ''), address: bare }
}

function messageId(text: string): string {
  if (/^<[^\s<>]{1,990}>$/.test(text) && !hasControls(text)) return text
  throw new GatewayError('invalid_input', 'A message id looks like <id@example.com>, with the angle brackets.')
}

function oneLine(what: string, text: string): string {
  if (!hasControls(text)) return text
  throw new GatewayError('invalid_input', `The ${what} must be one line without control characters.`)
}

const hasControls = (text: string): boolean => /\p{Cc}/u.test(text)
