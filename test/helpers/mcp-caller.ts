import { onTestFinished } from 'vitest'
import { type Json, type JsonObject, isJsonObject } from '../../src/kernel/json.ts'

export interface CallerPlace {
  readonly mcp: string
  readonly key: string
}

/** A client that sends plain HTTP, each request on a connection of its own: they reach every process that serves. */
export interface McpCaller {
  call(name: string, input: JsonObject): Promise<JsonObject>
  list(): Promise<JsonObject>
  /** The whole answer to any other request. */
  request(method: string, params: JsonObject): Promise<JsonObject>
  /** Opens the stream of a legacy session; the result gives what has come over it. */
  listen(): Promise<() => string>
}

const MODERN = '2026-07-28'
const LEGACY = '2025-11-25'
const BASE = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', connection: 'close' }
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
}

export async function mcpCaller({
  mcp,
  key,
  era,
}: CallerPlace & { readonly era: 'legacy' | 'modern' }): Promise<McpCaller> {
  let nextId = 1
  const session = era === 'legacy' ? await initialize({ mcp, key }) : {}
  const post = (method: string, params: JsonObject): Promise<JsonObject> =>
    era === 'modern'
      ? modern({ mcp, key }, method, params)
      : send({ mcp, key }, { jsonrpc: '2.0', id: nextId++, method, params }, session)
  return {
    call: (name, input) => post('tools/call', { name, arguments: input }),
    list: () => post('tools/list', {}),
    request: post,
    async listen() {
      const stop = new AbortController()
      onTestFinished(() => stop.abort())
      const headers = { ...BASE, ...session, authorization: `Bearer ${key}`, accept: 'text/event-stream' }
      const { body } = await fetch(mcp, { headers, signal: stop.signal })
      let heard = ''
      const read = async (): Promise<void> => {
        for await (const chunk of body ?? []) heard += Buffer.from(chunk as Uint8Array).toString()
      }
      read().catch(() => undefined) // the test has ended
      return () => heard
    },
  }
}

/** One modern call. */
export const callOver = (place: CallerPlace, name: string, input: JsonObject): Promise<JsonObject> =>
  modern(place, 'tools/call', { name, arguments: input })

const modern = (place: CallerPlace, method: string, params: JsonObject): Promise<JsonObject> =>
  send(
    place,
    { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } },
    {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
    },
  )

async function initialize(place: CallerPlace): Promise<Record<string, string>> {
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'test', version: '1' } }
  const headers: Record<string, string> = { 'mcp-protocol-version': LEGACY }
  const response = await raw(place, { jsonrpc: '2.0', id: 0, method: 'initialize', params }, {})
  await response.text()
  headers['mcp-session-id'] = response.headers.get('mcp-session-id') ?? ''
  const told = await raw(place, { jsonrpc: '2.0', method: 'notifications/initialized' }, headers)
  await told.text()
  return headers
}

const raw = ({ mcp, key }: CallerPlace, body: Json, headers: Readonly<Record<string, string>>): Promise<Response> =>
  fetch(mcp, {
    method: 'POST',
    headers: { ...BASE, ...headers, authorization: `Bearer ${key}` },
    body: JSON.stringify(body),
  })

/** The JSON of an answer, whichever form it has. */
async function send(place: CallerPlace, body: Json, headers: Readonly<Record<string, string>>): Promise<JsonObject> {
  const text = await (await raw(place, body, headers)).text()
  const data = /^data: (.+)$/m.exec(text)?.[1] ?? text
  const answer: unknown = JSON.parse(data)
  if (isJsonObject(answer)) return answer
  throw new Error(`no JSON object: ${text.slice(0, 200)}`)
}
