import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import {
  type Edge,
  fakeTools,
  initialize,
  messagesOf,
  post,
  postModern,
  startEdge,
  text,
} from '../../interop/fixture.ts'

/** One request, sent to an edge with the lean front and door, to one with the door alone, and to one without. */
interface Scenario {
  readonly title: string
  readonly send: (edge: Edge, session: string) => Promise<Response>
}

const rpc = (method: string, params?: unknown, id: unknown = 7): JsonObject =>
  ({ jsonrpc: '2.0', id, method, ...(params !== undefined && { params }) }) as JsonObject

const modern = (
  title: string,
  method: string,
  params?: JsonObject,
  options?: Parameters<typeof postModern>[3],
): Scenario => ({
  title: `modern: ${title}`,
  send: (edge) => postModern(edge, method, params, options),
})

const legacy = (title: string, body: unknown, headers: Record<string, string> = {}): Scenario => ({
  title: `legacy: ${title}`,
  send: (edge, session) => post(edge, body, { session, headers }),
})

const CALLS: readonly (readonly [string, JsonObject])[] = [
  ['a call', { name: 'echo', arguments: { a: 1 } }],
  ['a call without arguments', { name: 'echo' }],
  ['a call with unknown params and _meta', { name: 'echo', 'x-new': [1], _meta: { 'example.org/a': { b: null } } }],
  ['a result that nobody knows all of', { name: 'strange' }],
  ['a result with hop _meta', { name: 'relayed' }],
  ['structured content that is a list', { name: 'listing' }],
  ['structured content behind a schema without object root', { name: 'either' }],
  ['that tool by its canonical id', { name: 'conn:demo:either' }],
  ['a failure that a model can repair', { name: 'denied' }],
  ['a failure of the gateway', { name: 'broken' }],
  ['a failure of a stranger', { name: 'bug' }],
  ['a hidden tool', { name: 'secret' }],
  ['an unknown tool', { name: 'nosuch' }],
  ['a tool name beyond ASCII', { name: 'écho' }],
  ['a name that is no string', { name: 5 }],
  ['no name', {}],
  ['arguments that are a list', { name: 'echo', arguments: [1] }],
  ['arguments that are null', { name: 'echo', arguments: null }],
  ['a progress token', { name: 'progressing', _meta: { progressToken: 'p1' } }],
]

const base64 = (name: string): string => `=?base64?${Buffer.from(name).toString('base64')}?=`
const named = (params: JsonObject) =>
  params['name'] === 'écho' ? { headers: { 'mcp-name': base64('écho') } } : { meta: params['_meta'] as JsonObject }

const SCENARIOS: readonly Scenario[] = [
  ...CALLS.map(([title, params]) => modern(title, 'tools/call', params, named(params))),
  ...CALLS.map(([title, params]) => legacy(title, rpc('tools/call', params))),
  modern('a list', 'tools/list'),
  modern('a second page', 'tools/list', { cursor: 'page-1' }),
  modern('a made-up cursor', 'tools/list', { cursor: 'nope' }),
  modern('a cursor that is no string', 'tools/list', { cursor: 1 }),
  modern('ping, which is gone', 'ping'),
  modern('a text id', 'tools/list', {}, { id: 'a"b\u2028' }),
  modern('an id of zero', 'tools/list', {}, { id: 0 }),
  modern('a wrong Mcp-Name', 'tools/call', { name: 'echo' }, { headers: { 'mcp-name': 'other' } }),
  modern('a wrong Mcp-Method', 'tools/call', { name: 'echo' }, { headers: { 'mcp-method': 'tools/list' } }),
  modern('a wrong version header', 'tools/list', {}, { headers: { 'mcp-protocol-version': '2025-11-25' } }),
  modern(
    'an unknown version',
    'tools/list',
    {},
    {
      meta: { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' },
      headers: { 'mcp-protocol-version': '2099-01-01' },
    },
  ),
  modern('bad capabilities', 'tools/list', {}, { meta: { 'io.modelcontextprotocol/clientCapabilities': 5 } }),
  modern('a log level', 'tools/call', { name: 'chatty' }, { meta: { 'io.modelcontextprotocol/logLevel': 'info' } }),
  modern('an unknown method', 'foo/bar'),
  modern('another content type', 'tools/list', {}, { headers: { 'content-type': 'text/plain' } }),
  legacy('a list', rpc('tools/list')),
  legacy('a list with empty params', rpc('tools/list', {})),
  legacy('a made-up cursor', rpc('tools/list', { cursor: 'nope' })),
  legacy('ping', rpc('ping')),
  legacy('an unknown method', rpc('foo/bar')),
  legacy('without accepting streams', rpc('tools/list'), { accept: 'application/json' }),
  legacy('an unknown version', rpc('tools/list'), { 'mcp-protocol-version': '1999-01-01' }),
  legacy('a known version', rpc('tools/list'), { 'mcp-protocol-version': '2025-06-18' }),
  legacy('another session', rpc('tools/list'), { 'mcp-session-id': 'other' }),
  legacy('a modern header', rpc('tools/list'), { 'mcp-protocol-version': '2026-07-28' }),
  legacy('another content type', rpc('tools/list'), { 'content-type': 'text/plain' }),
]

function demoTools() {
  const tools = fakeTools({ pageSize: 6 })
  const hop = { 'io.modelcontextprotocol/serverInfo': { name: 'behind', version: '1' }, kept: 1 }
  tools.define('echo', (input, { meta }) => text(JSON.stringify({ input, meta })))
  tools.define('strange', () => ({
    content: [{ type: 'x', 'y-z': { a: null } }],
    'x-top': [],
    _meta: { 'example.org/q': 1 },
  }))
  tools.define('relayed', () => ({ content: [], resultType: 'complete', _meta: hop }))
  tools.define('listing', () => ({ content: [], structuredContent: [1, 'a'] }))
  tools.define('either', () => ({ content: [], structuredContent: { a: 1 } }), {
    outputSchema: { anyOf: [{ type: 'object' }, { type: 'array' }] },
    _meta: { 'dev.gatehouse/id': 'conn:demo:either' },
  })
  tools.define('conn:demo:either', () => ({ content: [], structuredContent: { a: 1 } }), {
    execution: { taskSupport: 'optional' },
  })
  tools.define('denied', () => {
    throw new GatewayError('denied', 'Rule "no" says no.', { data: { rule: 'no' } })
  })
  tools.define('broken', () => {
    throw new GatewayError('store_unavailable', 'The store cannot be read.')
  })
  tools.define('bug', () => {
    throw new TypeError('x is not a function at /home/secret')
  })
  tools.define('écho', () => text('é'))
  tools.define('progressing', async (_input, { onProgress }) => {
    onProgress?.({ progress: 1, 'x-more': true })
    return text('done')
  })
  tools.define('chatty', async (_input, { onLog }) => {
    onLog?.({ level: 'info', data: 1 })
    return text('done')
  })
  return tools
}

/** Status, the headers that mean something to a client, and the messages, whatever they came in. */
async function seen(response: Response): Promise<unknown> {
  const header = (name: string) => response.headers.get(name)
  return {
    status: response.status,
    session: header('mcp-session-id') === null ? 'none' : 'some',
    allow: header('allow'),
    sniff: header('x-content-type-options'),
    messages: await messagesOf(response),
  }
}

describe('the lean door', () => {
  let lean: Edge
  let door: Edge
  let sdk: Edge
  let sessions: readonly [string, string, string]

  beforeAll(async () => {
    lean = await startEdge({ tools: demoTools() })
    door = await startEdge({ tools: demoTools(), front: false })
    sdk = await startEdge({ tools: demoTools(), lean: false })
    sessions = [await initialize(lean), await initialize(sdk), await initialize(door)]
  })
  afterAll(() => Promise.all([lean.close(), door.close(), sdk.close()]))

  it.each(SCENARIOS)('answers as the SDK does: $title', async ({ send }) => {
    const [quick, slow] = await Promise.all([send(lean, sessions[0]).then(seen), send(sdk, sessions[1]).then(seen)])
    expect(quick).toEqual(slow)
    expect(await send(door, sessions[2]).then(seen)).toEqual(slow)
    expect(JSON.stringify(quick)).not.toContain('/home/secret')
  })

  it('answers the common requests as JSON, without a stream', async () => {
    const call = await post(lean, rpc('tools/call', { name: 'echo' }), { session: sessions[0] })
    const slow = await post(sdk, rpc('tools/call', { name: 'echo' }), { session: sessions[1] })
    const middle = await post(door, rpc('tools/call', { name: 'echo' }), { session: sessions[2] })
    expect([call, slow, middle].map(({ headers }) => headers.get('content-type'))).toEqual([
      'application/json',
      'text/event-stream',
      'application/json',
    ])
    await Promise.all([call.text(), slow.text(), middle.text()])
  })

  it('hands the source the same exchange', () => {
    const facts = (edge: Edge) =>
      edge.tools.calls.map(({ call, exchange: { principal, protocol, meta } }) => ({ call, principal, protocol, meta }))
    expect(facts(lean).length).toBeGreaterThan(30)
    expect(facts(lean)).toEqual(facts(sdk))
    expect(facts(door)).toEqual(facts(sdk))
  })

  it('sends the same headers whichever way an answer came', async () => {
    const call = (edge: Edge) => postModern(edge, 'tools/call', { name: 'echo', arguments: {} })
    const [front, behind] = [await call(lean), await call(door)]
    const names = ({ headers }: Response) => [...headers.keys()].toSorted()
    expect(names(front)).toEqual(names(behind))
    for (const name of ['content-type', 'cache-control', 'content-security-policy', 'referrer-policy'])
      expect(front.headers.get(name)).toBe(behind.headers.get(name))
    expect(front.headers.get('x-request-id')).toMatch(/^id-/)
    await Promise.all([front.text(), behind.text()])
  })
})
