import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts'
import { messagesOf } from '../../interop/fixture.ts'

export type Era = 'legacy' | 'modern'
export const ERAS: readonly Era[] = ['legacy', 'modern']

/** Asks and gives the result as it stood on the wire. */
export type Ask = (method: string, params?: JsonObject) => Promise<JsonObject>

const VERSIONS: Readonly<Record<Era, string>> = { legacy: '2025-11-25', modern: '2026-07-28' }
const PREFIX = 'io.modelcontextprotocol/'
const INFO = { name: 'raw', version: '1.0.0' }
const ENVELOPE = {
  [`${PREFIX}protocolVersion`]: VERSIONS.modern,
  [`${PREFIX}clientCapabilities`]: {},
  [`${PREFIX}clientInfo`]: INFO,
}

/** A client that parses JSON and nothing else. With a progress token the gateway answers in a stream, in another way. */
export async function rawClient(era: Era, endpoint: URL, headers: Record<string, string> = {}): Promise<Ask> {
  let ids = 0
  let session: string | null = null
  const send = async (method: string, params: JsonObject, id?: number): Promise<Response> => {
    const { name, uri } = params
    const named = typeof name === 'string' ? name : uri
    return fetch(endpoint, {
      method: 'POST',
      headers: {
        ...headers,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...(method !== 'initialize' && { 'mcp-protocol-version': VERSIONS[era] }),
        ...(session !== null && { 'mcp-session-id': session }),
        ...(era === 'modern' && {
          'mcp-method': method,
          ...(typeof named === 'string' && { 'mcp-name': header(named) }),
        }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', ...(id !== undefined && { id }), method, params }),
    })
  }
  const ask: Ask = async (method, params = {}) => {
    const id = (ids += 1)
    const meta = isJsonObject(params['_meta']) ? params['_meta'] : {}
    const whole = era === 'modern' ? { ...params, _meta: { ...meta, ...ENVELOPE } } : params
    const response = await send(method, whole, id)
    session ??= response.headers.get('mcp-session-id')
    const messages = await messagesOf(response)
    const { result, error } = messages.find((message) => message['id'] === id) ?? {}
    if (isJsonObject(result)) return result
    throw new Error(`${method}: ${response.status} ${JSON.stringify(error)}`)
  }
  if (era === 'legacy') {
    await ask('initialize', { protocolVersion: VERSIONS.legacy, capabilities: {}, clientInfo: INFO })
    await (await send('notifications/initialized', {})).text()
  }
  return ask
}

/** Headers are ASCII; everything else goes encoded (SEP-2243). */
const header = (text: string): string =>
  /^[\x21-\x7e]*$/.test(text) ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`

/** A result without what speaks of its own hop only: cache hints, kind of result, who answered. */
export function withoutHop(result: JsonObject): JsonObject {
  const { resultType: _type, ttlMs: _ttl, cacheScope: _scope, _meta, ...rest } = result
  const { [`${PREFIX}serverInfo`]: _info, ...meta } = isJsonObject(_meta) ? _meta : {}
  return { ...rest, ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

/** Every page of a list. */
export async function everyPage(ask: Ask, method: string, member: string): Promise<readonly JsonObject[]> {
  const items: JsonObject[] = []
  let cursor: unknown
  do {
    const page = await ask(method, typeof cursor === 'string' ? { cursor } : {})
    items.push(...(page[member] as readonly JsonObject[]))
    cursor = page['nextCursor']
  } while (cursor !== undefined)
  return items
}
