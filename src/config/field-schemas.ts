import * as z from 'zod'
import { DURATION_PATTERN, parseDuration } from '../kernel/duration.ts'
import { Secret } from '../kernel/secret.ts'

/** The longest timer that makes sense here; far below what a timer of Node can hold. */
const MAX_DURATION_MS = 86_400_000

/** Names of connections and agents end up in tool ids, policies and audit records. */
export const slugSchema = (of: string, reserved: readonly string[], maxLength: number) =>
  z
    .string()
    .max(maxLength, `${of} has at most ${maxLength} characters.`)
    .regex(/^[a-z0-9][a-z0-9_-]*$/, `${of} has lower-case letters, digits, _ and -, and begins with a letter or digit.`)
    .refine((slug) => !reserved.includes(slug), `${of} cannot be ${reserved.map((word) => `"${word}"`).join(' or ')}.`)

/**
 * The slug of a connection. 32 characters leave room for the action's name in a portable tool name; `gatehouse` is our own
 * connection, and `/connections/expiring` an address of the API.
 */
export const connectionSlugSchema = slugSchema('The name of a connection', ['gatehouse', 'expiring'], 32)

/** Text such as `30s`, parsed to milliseconds. */
export const durationSchema = z
  .string()
  .regex(DURATION_PATTERN, 'Write a duration such as 500ms, 30s or 10m.')
  .transform((text) => parseDuration(text) ?? MAX_DURATION_MS)
  .refine((ms) => ms <= MAX_DURATION_MS, 'At most 24h.')

const reference = (key: string, description: string) => ({
  type: 'object',
  description,
  properties: { [key]: { type: 'string', minLength: 1 } },
  required: [key],
  additionalProperties: false,
})

/**
 * A value that must not be seen. The file holds `{ "env": … }`, `{ "file": … }` or a text; `references.ts` has made a
 * Secret of it before the schema looks.
 */
export const secretSchema = z
  .custom<Secret>((value) => value instanceof Secret, 'Write { "env": "NAME" }, { "file": "path" } or "${env:NAME}".')
  .meta({
    anyOf: [
      { type: 'string', description: 'Text with ${env:NAME} or ${env:NAME:-default} where a secret belongs.' },
      reference('env', 'The value of this environment variable.'),
      reference('file', 'The content of this file, relative to the configuration; one line break at its end is cut.'),
    ],
  })

/** JSON Pointer (RFC 6901) to one member or more. */
export const pointerSchema = z
  .string()
  .max(256)
  .regex(/^(?:\/(?:[^~/]|~[01])+)+$/, 'Write a JSON Pointer, such as /client_id or /realm_access/roles.')

interface UrlRules {
  /** Plain http only to this machine. */
  readonly secure: boolean
  readonly query: boolean
}

/** An absolute http(s) URL without user, password and fragment. */
export const urlSchema = ({ secure, query }: UrlRules) =>
  z
    .string()
    .max(2_048)
    .superRefine((text, context) => {
      const problem = urlProblem(text, { secure, query })
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
    })
    .meta({ format: 'uri' })

function urlProblem(text: string, { secure, query }: UrlRules): string | undefined {
  if (!/^https?:\/\/[^/]/i.test(text) || !URL.canParse(text)) {
    return 'Write an absolute URL, such as https://example.com/path.'
  }
  const url = new URL(text)
  if (url.username || url.password)
    return 'A URL must not hold a user or password: put the credential where secrets go.'
  if (url.hash) return 'Leave the fragment (#…) out.'
  if (!query && url.search) return 'Leave the query (?…) out.'
  if (secure && url.protocol === 'http:' && !isLoopbackHost(url.hostname))
    return 'Use https; http is for loopback only.'
  return undefined
}

/** True for `localhost`, 127.0.0.0/8 and ::1, in brackets or not. */
export function isLoopbackHost(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || name === '::1' || /^127(?:\.[0-9]{1,3}){3}$/.test(name)
}
