import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Edge, ENVELOPE, fakeTools, initialize, post, postModern, startEdge, text } from '../interop/fixture.ts'

const LIST = '"jsonrpc":"2.0","id":1,"method":"tools/list"'
const call = (params: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`
const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('hostile input to the MCP endpoint', () => {
  let edge: Edge
  let session: string

  beforeAll(async () => {
    const tools = fakeTools()
    tools.define('echo', (input) => text(JSON.stringify(input)))
    edge = await startEdge({ tools, maxBodyBytes: 100_000 })
    session = await initialize(edge)
  })
  afterAll(() => edge.close())

  it.each([
    ['text that is not JSON', 'hello', 400, -32_700, 'not valid JSON'],
    ['nothing', '', 400, -32_700, 'not valid JSON'],
    ['half a message', `{${LIST}`, 400, -32_700, 'not valid JSON'],
    ['two messages', `{${LIST}}{${LIST}}`, 400, -32_700, 'not valid JSON'],
    ['a scalar', '42', 400, -32_600, 'must be an object'],
    ['null', 'null', 400, -32_600, 'must be an object'],
    ['an empty batch', '[]', 400, -32_600, 'empty'],
    ['a batch in a session without batches', `[{${LIST}}]`, 400, -32_600, 'one by one'],
    ['a batch with garbage', `[{${LIST}},7]`, 400, -32_600, 'invalid message'],
    ['65 levels', call(`{"name":"echo","arguments":{"a":${nested(62)}}}`), 400, -32_600, 'deeper than 64'],
    ['100,000 levels', nested(49_000), 400, -32_600, 'deeper than 64'],
    ['a duplicate key', call('{"name":"echo","name":"secret"}'), 400, -32_600, '"name" stands twice'],
    ['a duplicate key, spelt differently', call('{"name":"echo","n\\u0061me":"secret"}'), 400, -32_600, 'stands twice'],
    ['two methods', `{${LIST},"method":"tools/call"}`, 400, -32_600, '"method" stands twice'],
    ['__proto__', call('{"name":"echo","arguments":{"__proto__":{"admin":true}}}'), 400, -32_600, '__proto__'],
    [
      'constructor',
      call('{"name":"echo","arguments":{"a":{"constructor":{"prototype":1}}}}'),
      400,
      -32_600,
      'constructor',
    ],
    [
      'another version of JSON-RPC',
      '{"jsonrpc":"1.0","id":1,"method":"ping"}',
      400,
      -32_600,
      '"jsonrpc" must be "2.0"',
    ],
    ['a null id', '{"jsonrpc":"2.0","id":null,"method":"ping"}', 400, -32_600, '"id" must be a string or an integer'],
    ['an object as id', '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32_600, '"id" must be'],
    ['half an id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', 400, -32_600, '"id" must be'],
    ['an id beyond 2^53', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}', 400, -32_600, '"id" must be'],
    ['an infinite id', '{"jsonrpc":"2.0","id":1e999,"method":"ping"}', 400, -32_600, '"id" must be'],
    [
      'a method that is no text',
      '{"jsonrpc":"2.0","id":1,"method":["ping"]}',
      400,
      -32_600,
      '"method" must be a string',
    ],
    [
      'params that are a list',
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
      400,
      -32_600,
      '"params" must be an object',
    ],
    [
      '_meta that is no object',
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":1}}',
      400,
      -32_600,
      '_meta" must be',
    ],
    ['an unknown member', '{"jsonrpc":"2.0","id":1,"method":"ping","auth":"x"}', 400, -32_600, 'no member "auth"'],
  ])('refuses %s', async (_title, body, status, code, words) => {
    const response = await post(edge, body, { session })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({
      jsonrpc: '2.0',
      error: { code, message: expect.stringContaining(words) },
    })
  })

  it.each([
    ['a name that is no text', '{"name":["echo"]}', '"name"'],
    ['no name', '{}', '"name"'],
    ['arguments that are a list', '{"name":"echo","arguments":[]}', '"arguments" must be an object'],
    ['arguments that are text', '{"name":"echo","arguments":"{}"}', '"arguments" must be an object'],
    ['the name of an inherited member', '{"name":"toString"}', 'Unknown tool: toString'],
  ])('answers wrong types in a call with invalid params: %s', async (_title, params, words) => {
    const response = await post(edge, call(params), { session })
    expect(await response.json()).toMatchObject({
      id: 1,
      error: { code: -32_602, message: expect.stringContaining(words) },
    })
  })

  it.each(['toString', '__proto__', 'hasOwnProperty', 'constructor', 'tasks/list'])(
    'knows no method %s',
    async (method) => {
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method })
      const response = await post(edge, body, { session })
      expect(await response.text()).toContain('-32601')
      const modern = await postModern(edge, method)
      expect([modern.status, ((await modern.json()) as { error: { code: number } }).error.code]).toEqual([404, -32_601])
    },
  )

  it.each<readonly [string, unknown]>([
    ['text', 'abc'],
    ['long text', 'x'.repeat(50_000)],
    ['text that looks like JSON', '"},{"'],
    ['zero', 0],
    ['a negative number', -5],
    ['the largest integer', Number.MAX_SAFE_INTEGER],
  ])('gives the id back as it was: %s', async (_title, id) => {
    const response = await post(edge, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/list' }), { session })
    expect(await response.json()).toMatchObject({ id, result: { tools: expect.any(Array) } })
  })

  it.each([
    ['no Mcp-Name', { 'mcp-name': undefined }],
    ['another Mcp-Name', { 'mcp-name': 'secret' }],
    ['the same name in other case', { 'mcp-name': 'ECHO' }],
    ['a broken encoding of the name', { 'mcp-name': '=?base64?!!?=' }],
    ['another Mcp-Method', { 'mcp-method': 'tools/list' }],
    ['no Mcp-Method', { 'mcp-method': undefined }],
    ['no version header', { 'mcp-protocol-version': undefined }],
    ['another version header', { 'mcp-protocol-version': '2025-11-25' }],
  ])('refuses headers that disagree with the body: %s', async (_title, changed) => {
    const all = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'echo', ...changed }
    const headers = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as Record<
      string,
      string
    >
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', _meta: ENVELOPE } }
    const before = edge.tools.calls.length
    const response = await post(edge, body, { headers })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ id: 1, error: { code: -32_020 } })
    expect(edge.tools.calls).toHaveLength(before)
  })

  it('understands a name in the encoded form', async () => {
    const headers = { 'mcp-name': `=?base64?${Buffer.from('echo').toString('base64')}?=` }
    expect((await postModern(edge, 'tools/call', { name: 'echo' }, { headers })).status).toBe(200)
  })

  it.each([
    [{ 'io.modelcontextprotocol/clientCapabilities': undefined }, 400, -32_602],
    [{ 'io.modelcontextprotocol/clientCapabilities': [] }, 400, -32_602],
    [{ 'io.modelcontextprotocol/protocolVersion': 7 }, 400, -32_602],
  ])('refuses an envelope with %j', async (meta, status, code) => {
    const response = await postModern(edge, 'tools/list', {}, { meta })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
  })

  it('names the versions it speaks to a client from the future', async () => {
    const response = await postModern(
      edge,
      'tools/list',
      {},
      {
        meta: { 'io.modelcontextprotocol/protocolVersion': '2031-01-01' },
        headers: { 'mcp-protocol-version': '2031-01-01' },
      },
    )
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ error: { code: -32_022, data: { supported: ['2026-07-28'] } } })
  })

  it('wants JSON as content type and both kinds of answers accepted', async () => {
    for (const type of ['text/plain', 'application/json-patch+json', 'text/plain; a=application/json']) {
      expect((await post(edge, `{${LIST}}`, { session, headers: { 'content-type': type } })).status).toBe(415)
    }
    expect(
      (await post(edge, `{${LIST}}`, { session, headers: { 'content-type': 'Application/JSON; charset=utf-8' } }))
        .status,
    ).toBe(200)
    expect((await post(edge, `{${LIST}}`, { session, headers: { accept: 'text/html' } })).status).toBe(406)
    expect((await post(edge, undefined, { session, method: 'GET', headers: { accept: 'text/html' } })).status).toBe(406)
  })

  it('stops reading at the limit, announced or not', async () => {
    const long = call(`{"name":"echo","arguments":{"a":"${'x'.repeat(100_000)}"}}`)
    const announced = await post(edge, long, { session })
    expect(announced.status).toBe(413)
    expect(await announced.json()).toMatchObject({
      code: 'payload_too_large',
      detail: expect.stringContaining('100000 bytes'),
    })
    expect(
      await chunked(
        edge,
        Array.from({ length: 200 }, () => 'x'.repeat(1_000)),
      ),
    ).toBe(413)
    expect(await chunked(edge, [`{${LIST}`, '}'], session)).toBe(200)
    expect((await post(edge, `{${LIST}}`, { session })).status).toBe(200)
  })

  it('serves on after all of this', async () => {
    const response = await post(edge, call('{"name":"echo","arguments":{"fine":true}}'), { session })
    expect(await response.json()).toMatchObject({ result: { content: [{ text: '{"fine":true}' }] } })
    expect(edge.deps.logs.filter(({ level }) => level === 'error')).toEqual([])
  })
})

/** A POST whose length nobody announces. */
function chunked(edge: Edge, chunks: readonly string[], session?: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: 'Bearer ann',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'transfer-encoding': 'chunked',
      ...(session !== undefined && { 'mcp-session-id': session }),
    }
    const sent = httpRequest(edge.endpoint, { method: 'POST', headers }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
    sent.on('error', reject)
    for (const chunk of chunks) sent.write(chunk)
    sent.end()
  })
}
