import { ending } from '../../../src/kernel/ending.ts'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { answering } from '../../fakes/downstream/http-servers.ts'
import { connect, http, mcpDeps } from './mcp-fixture.ts'

type Rpc = {
  readonly id?: number
  readonly method?: string
  readonly params?: JsonObject
  readonly result?: JsonObject
}
type Answer = (call: Rpc, response: ServerResponse) => unknown

const done = (id: unknown, text = 'done'): JsonObject =>
  ({ jsonrpc: '2.0', id, result: { content: [{ type: 'text', text }], 'x-more': { deep: [1] } } }) as JsonObject
const event = (message: unknown, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\r\n`}event: message\r\ndata: ${JSON.stringify(message)}\r\n\r\n`
const progress = (call: Rpc, value: number): JsonObject => ({
  jsonrpc: '2.0',
  method: 'notifications/progress',
  params: { progressToken: (call.params as { _meta: JsonObject })._meta['progressToken'], progress: value },
})
const log = { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'working' } }
const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Answer =>
  (_call, response) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...headers })
      .end(typeof body === 'string' ? body : JSON.stringify(body))
const stream = (response: ServerResponse): ServerResponse =>
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })

/** What a server may answer a call with. */
const ANSWERS: Readonly<Record<string, Answer>> = {
  'a result': ({ id }, response) => json(200, done(id))({}, response),
  'a result in pieces': ({ id }, response) => {
    const text = JSON.stringify(done(id, 'Zürich'))
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' })
    for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]))
    response.end()
  },
  'a zipped result': ({ id }, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      .end(gzipSync(JSON.stringify(done(id)))),
  'a batch': ({ id }, response) => json(200, [log, done(id)])({}, response),
  'a refusal': ({ id }, response) =>
    json(200, { jsonrpc: '2.0', id, error: { code: -32_602, message: 'No such thing', data: { a: 1 } } })({}, response),
  'a stream': ({ id }, response) => stream(response).end(event(done(id))),
  'a stream with progress and a log message': (call, response) =>
    stream(response).end(
      `: hello\n\nretry: 10\n\n${event(progress(call, 1))}${event(log)}${event(progress(call, 2))}${event(done(call.id))}`,
    ),
  'a stream in pieces': ({ id }, response) => {
    stream(response)
    for (const byte of Buffer.from(`${event(log)}${event(done(id, '✓'))}`)) response.write(Buffer.from([byte]))
    response.end()
  },
  'a zipped stream': ({ id }, response) =>
    response
      .writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
      .end(gzipSync(event(done(id)))),
  'a stream with an event that is no JSON': ({ id }, response) =>
    stream(response).end(`data: {oops\n\n${event(done(id))}`),
  'a stream that asks in between': ({ id }, response) =>
    stream(response).end(`${event({ jsonrpc: '2.0', id: 77, method: 'ping' })}${event(done(id))}`),
  'a stream that ends without an answer': (_call, response) => stream(response).end(event(log)),
  'a stream to be taken up again': (_call, response) => stream(response).end(`retry: 5\n${event(log, 'e1')}`),
  'no JSON': json(200, '<html>'),
  'a web page': json(200, '<html>', { 'content-type': 'text/html' }),
  'nothing at all': (_call, response) => response.destroy(),
  'HTTP 400': json(400, { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'Bad' } }),
  'HTTP 401': json(401, 'who are you', { 'www-authenticate': 'Bearer' }),
  'HTTP 403': json(403, 'no'),
  'HTTP 404': json(404, 'gone'),
  'HTTP 429': json(429, 'slow down'),
  'HTTP 500': json(500, 'broken'),
  'HTTP 503': json(503, 'later'),
  'more than the cap': (_call, response) =>
    response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(11 * 1024 * 1024, ' ')),
}

interface Seen {
  readonly calls: { url: string; headers: IncomingMessage['headers']; body: Rpc }[]
  /** Answers and notifications. */
  readonly told: Rpc[]
}

/** A legacy server without sessions whose only tool answers as it is told. */
async function server(answer: Answer) {
  const seen: Seen = { calls: [], told: [] }
  let last: Rpc = {}
  const fake = await answering((request, response) => {
    if (request.method === 'GET') {
      if (request.headers['last-event-id'] === 'e1') stream(response).end(event(done(last.id)))
      else response.writeHead(405).end()
      return
    }
    void reply(request, response)
  })
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const body = await bodyOf(request)
    if (body.id === undefined || body.method === undefined) seen.told.push(body)
    if (body.method !== 'tools/call') return handshake(body, response)
    last = body
    seen.calls.push({ url: request.url ?? '', headers: request.headers, body })
    return request.url === '/moved' ? json(200, done(body.id, 'moved'))(body, response) : answer(body, response)
  }
  onTestFinished(() => fake.close())
  return { ...fake, seen }
}

const bodyOf = async (request: IncomingMessage): Promise<Rpc> =>
  JSON.parse(Buffer.concat(await request.toArray()).toString() || '{}') as Rpc

function handshake({ id, method }: Rpc, response: ServerResponse): unknown {
  const results: Record<string, JsonObject> = {
    initialize: {
      protocolVersion: '2025-11-25',
      capabilities: { tools: {}, logging: {} },
      serverInfo: { name: 'scripted', version: '1' },
    },
    'tools/list': { tools: [{ name: 'act', inputSchema: { type: 'object' } }] },
  }
  const result = results[method ?? '']
  if (id === undefined || method === undefined) return response.writeHead(202).end()
  if (!result) return json(404, { jsonrpc: '2.0', id, error: { code: -32_601, message: 'No' } })({}, response)
  return json(200, { jsonrpc: '2.0', id, result })({}, response)
}

/** Everything that can be told of a call from outside, on one of the two ways. */
async function outcomeOf(answer: Answer, isLean: boolean) {
  const { url, seen } = await server(answer)
  const { post, ...deps } = mcpDeps()
  const told: unknown[] = []
  const exchange: Partial<Exchange> = {
    onProgress: (progressed) => void told.push(progressed),
    onLog: (message) => void told.push(message),
  }
  const headers = { authorization: 'Bearer t', 'X-Team': 'blue' }
  const { call, losses } = await connect(http(url, { headers }), {}, isLean && post ? { ...deps, post } : deps)
  const result = await call('act', { a: 'b' }, exchange).catch((error: unknown) => error)
  return {
    result: result instanceof Error ? toFacts(result, url) : result,
    told,
    losses: losses.length,
    saw: seen.told,
    calls: seen.calls.map(({ url: at, headers: sent, body }) => ({
      url: at,
      headers: comparable(sent),
      body: withoutIds(body),
    })),
  }
}

const toFacts = (error: Error, { host }: URL): JsonObject => ({
  name: error.name,
  message: error.message.replaceAll(host, 'server'),
  ...(error instanceof GatewayError && { code: error.code, data: error.data }),
})

/** Each way counts for itself. */
function withoutIds({ id, params, ...body }: Rpc): Rpc {
  expect((params as { _meta: JsonObject })._meta['progressToken']).toBe(id)
  return { ...body, params: { ...params, _meta: {} } }
}

/** What `fetch` adds and no server of this protocol reads. */
function comparable({ host: _host, ...headers }: IncomingMessage['headers']): IncomingMessage['headers'] {
  for (const name of [
    'accept-language',
    'sec-fetch-mode',
    'user-agent',
    'accept-encoding',
    'connection',
    'content-length',
  ])
    delete headers[name]
  return headers
}

describe('a call over Streamable HTTP, on the quick way and on the complete way', () => {
  it.each(Object.entries(ANSWERS))('is the same: %s', async (_title, answer) => {
    const [quick, complete] = await Promise.all([outcomeOf(answer, true), outcomeOf(answer, false)])
    expect(JSON.parse(JSON.stringify(quick))).toEqual(JSON.parse(JSON.stringify(complete)))
    expect(quick.calls).toHaveLength(1)
  })

  it('says of a stream that breaks that nobody knows whether the call was carried out', async () => {
    const breaking: Answer = (_call, response) => {
      stream(response).write(event(log))
      setImmediate(() => response.destroy())
    }
    const [quick, complete] = [await outcomeOf(breaking, true), await outcomeOf(breaking, false)]
    expect([quick, complete]).toMatchObject([
      { result: { code: 'upstream_failed' } },
      { result: { code: 'upstream_failed' } },
    ])
    expect(quick.result).toMatchObject({
      message: expect.stringContaining('It may have been done all the same') as string,
    })
    expect(quick.calls).toHaveLength(1)
  })

  it.each([
    ['on the same server, and follows', '/moved', { content: [{ text: 'moved' }] }],
    ['elsewhere, and does not follow', 'http://127.0.0.1:9/', { code: 'upstream_refused' }],
  ])('leaves a redirect to the complete way: %s', async (_where, location, expected) => {
    const redirect: Answer = (_call, response) => response.writeHead(307, { location }).end()
    const [quick, complete] = [await outcomeOf(redirect, true), await outcomeOf(redirect, false)]
    expect(quick.result).toMatchObject(expected)
    expect(quick.result).toEqual(complete.result)
    expect(quick.calls.slice(1)).toEqual(complete.calls)
  })

  it('ends a call that its caller cancels or whose connection is closed', async () => {
    const { url, seen } = await server(() => undefined)
    const { call, close } = await connect(http(url))
    const caller = ending()
    const cancelled = call('act', {}, { ending: caller })
    await vi.waitFor(() => expect(seen.calls).toHaveLength(1), { timeout: 10_000 })
    caller.end('The caller went away.')
    await expect(cancelled).rejects.toMatchObject({ code: 'cancelled' })
    const closed = expect(call('act')).rejects.toMatchObject({ code: 'upstream_failed' })
    await vi.waitFor(() => expect(seen.calls).toHaveLength(2), { timeout: 10_000 })
    await close()
    await closed
    expect(seen.told).toContainEqual(expect.objectContaining({ method: 'notifications/cancelled' }))
  })

  it('is one of many at a time without a warning of a leak', async () => {
    const { url, seen } = await server(() => undefined)
    const { call, close } = await connect(http(url))
    const warned = vi.fn()
    process.on('warning', warned)
    onTestFinished(() => void process.off('warning', warned))
    const ended = Promise.allSettled(Array.from({ length: 20 }, () => call('act', {}, { ending: ending() })))
    await vi.waitFor(() => expect(seen.calls).toHaveLength(20), { timeout: 10_000 })
    await close()
    await ended
    expect(warned).not.toHaveBeenCalled()
  })

  it('is not taken by a connection that sets headers of the HTTP client itself', async () => {
    const { url, seen } = await server(({ id }, response) => json(200, done(id))({}, response))
    const { post = expect.fail(), ...deps } = mcpDeps()
    const posted = vi.fn(post)
    const { call } = await connect(http(url, { headers: { Accept: 'text/x-more' } }), {}, { ...deps, post: posted })
    await call('act')
    expect(posted).not.toHaveBeenCalled()
    expect(seen.calls[0]?.headers.accept).toBe('text/x-more, application/json, text/event-stream')
  })
})
