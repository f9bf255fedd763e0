import { afterEach, describe, expect, it, vi } from 'vitest'
import { CLIENTS } from '../../interop/clients.ts'
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

const endless = () => {
  const tools = fakeTools()
  const aborted = vi.fn()
  tools.define('endless', (_input, { ending }) => {
    return new Promise((_resolve, reject) => {
      ending.whenOver(() => {
        aborted()
        reject(new Error('stopped'))
      })
    })
  })
  tools.define('quick', () => text('done'))
  return { tools, aborted }
}

describe('running calls', () => {
  let edge: Edge
  afterEach(() => edge.close())
  const call = (name: string, agent: string, signal?: AbortSignal) =>
    postModern(edge, 'tools/call', { name }, { agent, ...(signal && { signal }) })
  const resultOf = async (response: Promise<Response>) => (await messagesOf(await response)).at(-1)?.['result']

  it('are counted, for each principal and in total', async () => {
    const { tools, aborted } = endless()
    edge = await startEdge({ tools, running: { perPrincipal: 2, total: 3 } })
    const gone = new AbortController()
    const calls = ['ann', 'ann', 'bob'].map((agent) => call('endless', agent, gone.signal).catch(() => 'gone'))
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(3), { timeout: 10_000 })
    for (const agent of ['ann', 'eve']) {
      expect(await resultOf(call('quick', agent))).toMatchObject({
        isError: true,
        _meta: { 'dev.gatehouse/code': 'rate_limit_exceeded' },
        content: [{ text: expect.stringContaining('Too many calls at once') }],
      })
    }
    expect(await messagesOf(await postModern(edge, 'resources/read', { uri: 'a:b' }))).toMatchObject([
      { error: { code: -32_603 } },
    ])
    gone.abort()
    await Promise.all(calls)
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledTimes(3), { timeout: 10_000 })
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(0), { timeout: 10_000 })
    expect(await resultOf(call('quick', 'ann'))).toMatchObject({ content: [{ text: 'done' }] })
  })

  it.each(CLIENTS)('of %s end when its principal loses its rights', async (_name, _era, connect) => {
    const { tools, aborted } = endless()
    edge = await startEdge({ tools })
    const [ann, bob] = [await connect(edge.endpoint, 'ann'), await connect(edge.endpoint, 'bob')]
    const calls = [ann, bob].map((client) => client.request('tools/call', { name: 'endless' }).catch(() => 'ended'))
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(2), { timeout: 10_000 })
    await edge.mcp.terminate(({ agent }) => agent === 'ann')
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 10_000 })
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(1), { timeout: 10_000 })
    expect(aborted).toHaveBeenCalledOnce()
    await edge.mcp.terminate(() => true)
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledTimes(2), { timeout: 10_000 })
    await Promise.all([ann.close(), bob.close()])
    await edge.close()
    await Promise.all(calls)
  })

  it('of an earlier version go on when the client goes away', async () => {
    const { tools, aborted } = endless()
    edge = await startEdge({ tools })
    const session = await initialize(edge)
    const gone = new AbortController()
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'endless' } }
    const calling = post(edge, body, { session, signal: gone.signal }).catch(() => 'gone')
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    gone.abort()
    await calling
    await (await post(edge, { jsonrpc: '2.0', id: 2, method: 'ping' }, { session })).text()
    expect(aborted).not.toHaveBeenCalled()
    await post(edge, { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }, { session })
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 10_000 })
  })
})

describe('what is open', () => {
  it('is told by kind', async () => {
    const edge = await startEdge()
    await initialize(edge)
    const listen = await postModern(edge, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
    expect(edge.mcp.counts()).toEqual({ sessions: 1, listens: 1, running: 0, parked: 0, subscriptions: 0 })
    await listen.body?.cancel()
    await vi.waitFor(() => expect(edge.mcp.counts().listens).toBe(0), { timeout: 10_000 })
    await edge.close()
    expect(edge.mcp.counts()).toEqual({ sessions: 0, listens: 0, running: 0, parked: 0, subscriptions: 0 })
  })

  it('is not held back by proxies', async () => {
    const edge = await startEdge()
    const listen = await postModern(edge, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
    expect(listen.headers.get('x-accel-buffering')).toBe('no')
    await edge.close()
  })
})
