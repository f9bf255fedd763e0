import type { Context } from 'hono'
import * as z from 'zod'
import { MOST_PER_PAGE } from '../admin/page.ts'
import { DURATION_PATTERN, parseDuration } from '../kernel/duration.ts'
import { GatewayError } from '../kernel/errors.ts'
import { type JsonObject, isJsonObject } from '../kernel/json.ts'
import { parseStrict } from '../mcp/parse-strict.ts'
import { readText } from './body.ts'

/** Bodies of the API hold arguments of one call at most. */
const MAX_BODY_BYTES = 1024 * 1024

/** `?limit=&cursor=` of every list. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(MOST_PER_PAGE).optional(),
  cursor: z.string().max(1_000).optional(),
}

/** Ids of agents, keys and connections as they stand in a path or body. */
export const nameText = z.string().min(1).max(200)

/** `true` or `false` in a query. */
export const queryBoolean = z.enum(['true', 'false']).transform((text) => text === 'true')

/** A duration such as `90d`, in milliseconds. */
export const durationText = z
  .string()
  .regex(DURATION_PATTERN, 'must be a whole number and ms, s, m, h or d, such as 90d')
  .transform((text) => parseDuration(text) ?? 0)

const HOUR_MS = 3_600_000
const MOST_OVERLAP_MS = 30 * 24 * HOUR_MS

/** How long a rotated key keeps working: `1h` when left out, at most 30d, or `none`. In milliseconds. */
export const overlapText = z
  .union([
    z.literal('none').transform(() => 0),
    durationText.refine((ms) => ms <= MOST_OVERLAP_MS, 'must be at most 30d'),
  ])
  .default(HOUR_MS)

/** A plain JSON object, whatever it holds. */
export const jsonObject = z.custom<JsonObject>(isJsonObject, 'must be a JSON object').meta({ type: 'object' })

/** The query as the schema reads it; throws `invalid_request` that names each wrong parameter. */
export function readQuery<T>(c: Context, schema: z.ZodType<T>): T {
  const repeated = Object.entries(c.req.queries()).find(([, values]) => values.length > 1)
  if (repeated) throw new GatewayError('invalid_request', `The query says ${plainName(repeated[0])} more than once.`)
  return parse(schema, c.req.query(), 'query')
}

/**
 * The body as it was sent. Throws `payload_too_large`, and `unsupported_media_type` for a body that says it is something else
 * than JSON.
 */
export async function readBodyText(c: Context): Promise<string> {
  const text = await readText(c.req.raw, MAX_BODY_BYTES)
  if (text !== '') refuseOtherMedia(c.req.header('content-type'))
  return text
}

/** The JSON body as the schema reads it; no body is an empty object. Throws `invalid_request`. */
export const parseBody = <T>(text: string, schema: z.ZodType<T>): T => parse(schema, fromJson(text), 'body')

const JSON_MEDIA = /^application\/(?:[a-z0-9.+-]+\+)?json\s*(?:;|$)/i

function refuseOtherMedia(contentType: string | undefined): void {
  if (contentType === undefined || JSON_MEDIA.test(contentType.trim())) return
  throw new GatewayError('unsupported_media_type', 'Send the body as JSON, with Content-Type: application/json.')
}

/** A name from outside, short and printable. */
const plainName = (name: string): string => `"${name.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 64)}"`

function fromJson(text: string): unknown {
  if (text.trim() === '') return {}
  const json = parseStrict(text)
  if (json.ok) return json.value
  throw new GatewayError('invalid_request', `The body cannot be read: ${json.problem}`)
}

function parse<T>(schema: z.ZodType<T>, value: unknown, where: 'query' | 'body'): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const errors = parsed.error.issues.map((issue) => ({
    at: [where, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }))
  const [first] = errors
  throw new GatewayError('invalid_request', `The ${where} is not as it must be: ${first?.at}: ${first?.message}`, {
    data: { errors },
  })
}
