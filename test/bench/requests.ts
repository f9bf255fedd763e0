import type { Readable } from 'node:stream'
import { Pool, request } from 'undici'
import type { Send } from './load.ts'

export type Era = 'legacy' | 'modern'

/** An MCP endpoint, and what is needed to speak to it. */
export interface Endpoint {
  readonly url: string
  readonly era: Era
  readonly key?: string
}

/** One way to send one request, again and again. */
export interface Sender {
  readonly send: Send
  close(): Promise<unknown>
}

const MODERN = '2026-07-28'
const LEGACY = '2025-11-25'
const FAILURE = /"error":|"isError":true/
const CURSOR = /"nextCursor":"([^"]+)"/
/** Errors, and cursors of lists, stand this close to the ends of an answer; the rest is read and not looked at. */
const END_BYTES = 500

/** One call of a tool. */
export interface ToolCall {
  readonly name: string
  readonly arguments: Readonly<Record<string, unknown>>
}

/** Makes these calls in turns, over at most so many connections. */
export function caller(endpoint: Endpoint, calls: readonly ToolCall[], connections: number): Promise<Sender> {
  let turn = 0
  return sender(endpoint, connections, async (post) => {
    await post('tools/call', { ...calls[turn++ % calls.length] })
  })
}

/** Lists all tools, page after page. `pages` and `bytes` say what the last list was. */
export async function lister(
  endpoint: Endpoint,
): Promise<Sender & { readonly last: { pages: number; bytes: number } }> {
  const last = { pages: 0, bytes: 0 }
  const made = await sender(endpoint, 1, async (post) => {
    Object.assign(last, { pages: 0, bytes: 0 })
    let cursor: string | undefined
    do {
      const { ends, bytes } = await post('tools/list', cursor === undefined ? {} : { cursor })
      last.pages += 1
      last.bytes += bytes
      cursor = CURSOR.exec(ends)?.[1]
    } while (cursor !== undefined)
  })
  return { ...made, last }
}

interface Answer {
  /** The text of both ends. */
  readonly ends: string
  readonly bytes: number
}

type Post = (method: string, params: Readonly<Record<string, unknown>>) => Promise<Answer>

/** Speaks plain HTTP, so that no client library is measured along. */
async function sender(endpoint: Endpoint, connections: number, run: (post: Post) => Promise<void>): Promise<Sender> {
  const { origin, pathname } = new URL(endpoint.url)
  const pool = new Pool(origin, { connections, pipelining: 1 })
  const session = endpoint.era === 'legacy' ? await openSession(endpoint) : {}
  const common = { ...base(endpoint), ...session }
  let calls = 0
  const post: Post = async (method, params) => {
    const headers = { ...common, ...(endpoint.era === 'modern' && modernHeaders(method, params)) }
    const body = toBody(endpoint.era, method, params, ++calls)
    const response = await pool.request({ path: pathname, method: 'POST', headers, body })
    const answer = await endsOf(response.body)
    if (response.statusCode === 200 && !FAILURE.test(answer.ends)) return answer
    throw new Error(`${endpoint.url} answered ${response.statusCode}: ${answer.ends.slice(0, 300)}`)
  }
  return { send: () => run(post), close: () => pool.close() }
}

/** Reads the whole answer and keeps its ends alone, so that one large body costs the load what many small ones do. */
const endsOf = (body: Readable): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let head: Buffer = Buffer.alloc(0)
    let tail: Buffer = head
    let bytes = 0
    body.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      const rest = chunk.subarray(0, END_BYTES - head.length)
      if (rest.length > 0) head = Buffer.concat([head, rest])
      const after = chunk.subarray(rest.length).subarray(-END_BYTES)
      tail = after.length < END_BYTES ? Buffer.concat([tail, after]).subarray(-END_BYTES) : after
    })
    body.on('end', () => resolve({ ends: `${head.toString()}${tail.toString()}`, bytes }))
    body.on('error', reject)
  })

const base = ({ key, era }: Endpoint): Record<string, string> => ({
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': era === 'modern' ? MODERN : LEGACY,
  ...(key !== undefined && { authorization: `Bearer ${key}` }),
})

const modernHeaders = (method: string, { name }: Readonly<Record<string, unknown>>): Record<string, string> => ({
  'mcp-method': method,
  ...(typeof name === 'string' && { 'mcp-name': name }),
})

const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
}

const toBody = (era: Era, method: string, params: Readonly<Record<string, unknown>>, id: number): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id,
    method,
    params: era === 'modern' ? { ...params, _meta: MODERN_META } : params,
  })

async function openSession(endpoint: Endpoint): Promise<Record<string, string>> {
  const { 'mcp-protocol-version': _later, ...headers } = base(endpoint)
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const opened = await request(endpoint.url, {
    method: 'POST',
    headers,
    body: toBody('legacy', 'initialize', params, 0),
  })
  const text = await opened.body.text()
  if (opened.statusCode !== 200) throw new Error(`${endpoint.url} did not open a session: ${text.slice(0, 300)}`)
  const id = opened.headers['mcp-session-id']
  const session: Record<string, string> = typeof id === 'string' ? { 'mcp-session-id': id } : {}
  const told = await request(endpoint.url, {
    method: 'POST',
    headers: { ...base(endpoint), ...session },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  })
  await told.body.text()
  return session
}
