import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Edge,
  fakeTools,
  initialize,
  messagesOf,
  post,
  type RawOptions,
  startEdge,
  text,
} from '../../interop/fixture.ts'

const MINUTE = 60_000
const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list' }

const status = async (sent: Promise<Response>): Promise<number> => {
  const response = await sent
  await response.text()
  return response.status
}

const stream = (edge: Edge, session: string, signal?: AbortSignal): Promise<Response> =>
  fetch(edge.endpoint, {
    headers: { authorization: 'Bearer ann', accept: 'text/event-stream', 'mcp-session-id': session },
    ...(signal && { signal }),
  })

describe.each([true, false])('legacy sessions (lean door: %s)', (lean) => {
  let edge: Edge
  const list = (session: string, options: RawOptions = {}) => status(post(edge, LIST, { ...options, session }))

  beforeEach(async () => {
    edge = await startEdge({ lean, sessions: { total: 5, perPrincipal: 3 } })
  })
  afterEach(() => edge.close())

  it('belong to the principal that opened them: for another they do not exist', async () => {
    const session = await initialize(edge, { agent: 'ann' })
    expect(await list(session, { agent: 'ann' })).toBe(200)
    const stolen = await post(edge, LIST, { agent: 'bob', session })
    const unknown = await post(edge, LIST, { agent: 'bob', session: 'made-up' })
    expect(stolen.status).toBe(404)
    expect(await stolen.json()).toEqual(await unknown.json())
    expect(await status(post(edge, undefined, { agent: 'bob', session, method: 'DELETE' }))).toBe(404)
    expect(await status(post(edge, undefined, { agent: 'bob', session, method: 'GET' }))).toBe(404)
    expect(await list(session, { agent: 'ann' })).toBe(200)
  })

  it('end with DELETE', async () => {
    const session = await initialize(edge)
    expect(await status(post(edge, undefined, { session, method: 'DELETE' }))).toBe(200)
    expect(await list(session)).toBe(404)
  })

  it('end after half an hour without a sign of life', async () => {
    const session = await initialize(edge)
    edge.advance(29 * MINUTE)
    expect(await list(session)).toBe(200)
    edge.advance(30 * MINUTE)
    expect(await list(session)).toBe(200)
    edge.advance(30 * MINUTE + 1)
    expect(await list(session)).toBe(404)
  })

  it('live on while a stream is open, and until half an hour after', async () => {
    const session = await initialize(edge)
    const controller = new AbortController()
    const open = await stream(edge, session, controller.signal)
    expect(open.headers.get('content-type')).toBe('text/event-stream')
    edge.advance(600 * MINUTE)
    expect(await list(session)).toBe(200)
    controller.abort()
    edge.advance(31 * MINUTE)
    await vi.waitFor(
      async () => {
        edge.advance(31 * MINUTE)
        expect(await list(session)).toBe(404)
      },
      { timeout: 10_000 },
    )
  })

  it('do not outlive the process: the client gets 404 and initializes again', async () => {
    const session = await initialize(edge)
    const { port } = edge
    await edge.close()
    edge = await startEdge({ lean, port })
    await vi.waitFor(async () => expect(await list(session)).toBe(404), { timeout: 10_000 })
    expect(await list(await initialize(edge))).toBe(200)
  })

  it('are limited for each principal, with words that help', async () => {
    const sessions = [await initialize(edge), await initialize(edge), await initialize(edge)]
    await expect(initialize(edge)).rejects.toThrow(/503 .*Too many sessions: you have 3 open/)
    expect(await status(post(edge, undefined, { session: sessions[0] ?? '', method: 'DELETE' }))).toBe(200)
    await initialize(edge)
  })

  it('are limited in all, and idle ones make room', async () => {
    for (const agent of ['ann', 'ann', 'ann', 'bob', 'bob']) await initialize(edge, { agent })
    await expect(initialize(edge, { agent: 'eve' })).rejects.toThrow(/503 .*the gateway has 5 open/)
    edge.advance(31 * MINUTE)
    await initialize(edge, { agent: 'eve' })
  })

  it('end when their principal loses its rights, with what they run', async () => {
    const tools = fakeTools()
    const stopped = vi.fn()
    let release = (): void => undefined
    tools.define('endless', (_input, { ending }) => {
      ending.whenOver(stopped)
      return new Promise((resolve) => {
        release = () => resolve(text('too late'))
      })
    })
    await edge.close()
    edge = await startEdge({ lean, tools })
    const [ann, bob] = [await initialize(edge, { agent: 'ann' }), await initialize(edge, { agent: 'bob' })]
    const call = { ...LIST, method: 'tools/call', params: { name: 'endless' } }
    const running = post(edge, call, { agent: 'ann', session: ann })
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    await edge.mcp.terminate(({ agent }) => agent === 'ann')
    expect(stopped).toHaveBeenCalledOnce()
    expect(await list(ann, { agent: 'ann' })).toBe(404)
    expect(await list(bob, { agent: 'bob' })).toBe(200)
    expect(await messagesOf(await running)).toEqual([])
    release()
  })

  it('give no answer to a cancelled request, and close its stream', async () => {
    edge.tools.define('patient', (_input, { ending }) => {
      return new Promise((_resolve, reject) => ending.whenOver(() => reject(new Error('stopped'))))
    })
    const session = await initialize(edge)
    const call = post(edge, { ...LIST, id: 'c1', method: 'tools/call', params: { name: 'patient' } }, { session })
    await vi.waitFor(() => expect(edge.tools.calls).toHaveLength(1), { timeout: 10_000 })
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 'c1', reason: 'enough' } }
    expect(await status(post(edge, cancel, { session }))).toBe(202)
    const response = await call
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
    expect(await messagesOf(response)).toEqual([])
  })

  it('run on when the client goes away, because that is no cancellation', async () => {
    let aborted = false
    let finish = (): void => undefined
    edge.tools.define('slow', async (_input, { ending }) => {
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      aborted = ending.isOver()
      return text('done')
    })
    const session = await initialize(edge)
    const controller = new AbortController()
    const body = JSON.stringify({ ...LIST, method: 'tools/call', params: { name: 'slow' } })
    const headers = {
      authorization: 'Bearer ann',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': session,
    }
    const gone = fetch(edge.endpoint, { method: 'POST', body, headers, signal: controller.signal }).catch(() => 'gone')
    await vi.waitFor(() => expect(edge.tools.calls).toHaveLength(1), { timeout: 10_000 })
    controller.abort()
    expect(lean ? await gone : 'gone').toBe('gone')
    expect(await list(session)).toBe(200)
    finish()
    expect(await list(session)).toBe(200)
    expect(aborted).toBe(false)
  })

  it('keep batches for the versions that had them', async () => {
    const session = await initialize(edge)
    expect(await status(post(edge, [LIST], { session }))).toBe(400)
    const params = { protocolVersion: '2025-03-26', capabilities: {}, clientInfo: { name: 'old', version: '1' } }
    const opened = await post(edge, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
    const old = opened.headers.get('mcp-session-id') ?? ''
    await opened.text()
    const answers = await messagesOf(await post(edge, [LIST, { ...LIST, id: 2, method: 'ping' }], { session: old }))
    expect(answers.map(({ id }) => id)).toEqual(expect.arrayContaining([1, 2]))
  })

  it('need their id, and say how to get one', async () => {
    const response = await post(edge, LIST)
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      id: 1,
      error: { message: expect.stringContaining('send initialize first') },
    })
    expect(await status(post(edge, undefined, { method: 'GET' }))).toBe(400)
    expect(await status(post(edge, undefined, { method: 'PUT' }))).toBe(405)
  })

  it('say what an initialize lacks', async () => {
    const response = await post(edge, { jsonrpc: '2.0', id: 0, method: 'initialize', params: { protocolVersion: 5 } })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { code: -32_602, message: expect.stringContaining('clientInfo') },
    })
  })
})
