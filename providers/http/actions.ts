import { action } from '#provider-kit'
import type { QueryValue, WireBody, WireReply } from '#provider-kit'
import * as z from 'zod'
import { permitted } from './settings.ts'

const DOCS = 'https://www.rfc-editor.org/rfc/rfc9110.html#name-method-definitions'
const MAX_TEXT = 100_000
/** Of all the headers, those that a model can use. */
const KEPT_HEADERS = ['content-type', 'content-language', 'etag', 'last-modified', 'link', 'location', 'retry-after']

const address = {
  path: z
    .string()
    .startsWith('/')
    .max(2_000)
    .describe("Path below the connection's base URL, plain and not percent-encoded, such as /users/42/orders."),
  query: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]))
    .optional()
    .describe('Query parameters, such as {"status": "open", "page": 2}. A list repeats the name.'),
}

const payload = {
  json: z.unknown().optional().describe('Body sent as JSON, such as {"name": "Ann"}.'),
  text: z.string().max(1_000_000).optional().describe('Body sent as text instead of JSON, such as a=1&b=2.'),
  contentType: z
    .string()
    .max(200)
    .default('text/plain; charset=utf-8')
    .describe('Media type of `text`, such as application/x-www-form-urlencoded.'),
}

const output = z.object({
  status: z.number().int(),
  headers: z.record(z.string(), z.string()),
  body: z.unknown().describe('Parsed when the service sent JSON, else text.'),
  truncated: z.boolean().optional().describe(`True when a text of more than ${MAX_TEXT} characters was cut.`),
})

export const getResource = action({
  title: 'Get a resource',
  description:
    "Reads from the connection's base URL with GET, or only the headers with HEAD. Paths come from the service's own documentation. Safe to repeat.",
  keywords: [
    'fetch from an API',
    'REST, URL, download',
    'endpoint, JSON, look up by API',
    'internal service',
    'web service, GET a path',
    'read from a server',
    'query an endpoint, is it up',
    'ask our backend, internal system',
    'stock, orders, REST service',
    'is a service healthy',
    'ask our own server',
    'look at the API of',
  ],
  docs: DOCS,
  effect: 'read',
  external: true,
  idempotent: true,
  scopes: [],
  input: z.strictObject({ ...address, method: z.enum(['GET', 'HEAD']).default('GET').describe('GET or HEAD.') }),
  output,
  request: ({ path, query, method }, settings) => ({ method, ...permitted(method, path, settings), ...queryOf(query) }),
  result: toResult,
})

export const sendRequest = action({
  title: 'Send a request',
  description:
    "Changes something below the connection's base URL with POST, PUT or PATCH. Paths and bodies come from the service's own documentation. A retry may do it twice.",
  keywords: [
    'call an API, submit data',
    'webhook, trigger',
    'update a record',
    'REST, PATCH, start a job',
    'endpoint, post data',
    'make a PUT call',
    'write to a web service',
    'create by API',
    'create through the internal API',
    'change data in our backend',
    'trigger it by its web API',
    'tell the service',
  ],
  docs: DOCS,
  effect: 'write',
  external: true,
  idempotent: false,
  scopes: [],
  input: z.strictObject({
    method: z.enum(['POST', 'PUT', 'PATCH']).describe('POST, PUT or PATCH.'),
    ...address,
    ...payload,
  }),
  output,
  request: ({ method, path, query, ...body }, settings) => ({
    method,
    ...permitted(method, path, settings),
    ...queryOf(query),
    ...bodyOf(body),
  }),
  result: toResult,
})

export const deleteResource = action({
  title: 'Delete a resource',
  description:
    "Deletes something below the connection's base URL with DELETE. It cannot be undone from here. Read it with get_resource first.",
  keywords: [
    'remove by REST',
    'erase a record',
    'endpoint',
    'REST delete call',
    'take away',
    'remove a record through an API',
    'delete through the internal API',
    'drop an entry through the web service',
    'DELETE request',
  ],
  docs: DOCS,
  effect: 'destructive',
  external: true,
  idempotent: true,
  scopes: [],
  input: z.strictObject(address),
  output,
  request: ({ path, query }, settings) => ({
    method: 'DELETE',
    ...permitted('DELETE', path, settings),
    ...queryOf(query),
  }),
  result: toResult,
})

const queryOf = (query: Record<string, QueryValue> | undefined) => (query ? { query } : {})

function bodyOf(given: { json?: unknown; text?: string | undefined; contentType: string }): { body?: WireBody } {
  if (given.text !== undefined) return { body: { text: given.text, contentType: given.contentType } }
  return given.json === undefined ? {} : { body: { json: given.json } }
}

function toResult({ status, headers, body }: WireReply): z.input<typeof output> {
  const kept = KEPT_HEADERS.flatMap((name) => (headers[name] === undefined ? [] : [[name, headers[name]] as const]))
  const isLong = typeof body === 'string' && body.length > MAX_TEXT
  return {
    status,
    headers: Object.fromEntries(kept),
    body: isLong ? body.slice(0, MAX_TEXT) : (body ?? null),
    ...(isLong ? { truncated: true } : {}),
  }
}
