import { connect } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { listen } from '../../../src/http/listen.ts'
import { fakeTools, initialize, messagesOf, post, postModern, startEdge, text } from '../../interop/fixture.ts'

const hello = { fetch: () => new Response('hello') }
const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'slow' } }

describe('listen', () => {
  it('gives the URL it serves', async () => {
    const server = await listen(hello, { host: '127.0.0.1', port: 0 })
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`)
    expect(await (await fetch(server.url)).text()).toBe('hello')
    await server.close()
    await expect(fetch(server.url)).rejects.toThrow()
  })

  it('says that the port is taken, and what to do', async () => {
    const server = await listen(hello, { host: '127.0.0.1', port: 0 })
    const second = listen(hello, { host: '127.0.0.1', port: server.port })
    await expect(second).rejects.toMatchObject({
      code: 'port_in_use',
      message: expect.stringContaining(`Port ${server.port} on 127.0.0.1 is in use`),
      data: { port: server.port },
    })
    await server.close()
  })

  it.each(['0.0.0.0', '::', '192.168.1.1', 'gatehouse.example', '127.0.0.1.example'])(
    'stays on this machine when told so, and refuses %s',
    async (host) => {
      await expect(listen(hello, { host, port: 0, loopbackOnly: true })).rejects.toMatchObject({ code: 'usage' })
    },
  )

  it('says when the host is no address of this machine', async () => {
    await expect(listen(hello, { host: '203.0.113.7', port: 0 })).rejects.toMatchObject({ code: 'usage' })
  })

  it('lets running calls finish before it stops, and takes no new ones', async () => {
    const tools = fakeTools()
    const finishing: (() => void)[] = []
    tools.define('slow', async () => {
      await new Promise<void>((resolve) => finishing.push(resolve))
      return text('finished')
    })
    const edge = await startEdge({ tools })
    const session = await initialize(edge)
    const calls = [
      postModern(edge, 'tools/call', { name: 'slow' }),
      post(edge, CALL, { session }),
      post(edge, { ...CALL, id: 2, params: { name: 'slow', _meta: { progressToken: 1 } } }, { session }),
    ]
    await vi.waitFor(() => expect(tools.calls).toHaveLength(3), { timeout: 10_000 })
    const closing = edge.close({ graceMs: 10_000 })
    await vi.waitFor(() => expect(fetch(edge.url)).rejects.toThrow(), { timeout: 10_000 })
    for (const finish of finishing) finish()
    const answers = await Promise.all(calls.map(async (call) => messagesOf(await call)))
    for (const messages of answers) expect(JSON.stringify(messages)).toContain('finished')
    await closing
  })

  it('refuses new requests while running ones finish, but hears cancellations', async () => {
    const tools = fakeTools()
    tools.define('slow', (_input, { ending }) => {
      return new Promise((_resolve, reject) => ending.whenOver(() => reject(new Error('stopped'))))
    })
    const edge = await startEdge({ tools })
    const session = await initialize(edge)
    const call = post(edge, CALL, { session })
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    const stopped = edge.mcp.close(10_000)
    const late = await post(edge, { ...CALL, id: 2 }, { session })
    expect([late.status, await late.json()]).toMatchObject([
      503,
      { id: 2, error: { message: expect.stringContaining('stopping') } },
    ])
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
    expect((await post(edge, cancel, { session })).status).toBe(202)
    expect(await messagesOf(await call)).toEqual([])
    await stopped
    await edge.close()
  })

  it('ends streams that wait for news at once, those of modern clients with a result', async () => {
    const edge = await startEdge()
    const session = await initialize(edge)
    const stream = await post(edge, undefined, { session, method: 'GET' })
    const listening = await postModern(
      edge,
      'subscriptions/listen',
      { notifications: { toolsListChanged: true } },
      { id: 'l1' },
    )
    const ended = Promise.all([messagesOf(stream), messagesOf(listening)])
    await edge.close({ graceMs: 10_000 })
    const [legacy, modern] = await ended
    expect(legacy).toEqual([])
    expect(modern.map(({ id, method }) => id ?? method)).toEqual(['notifications/subscriptions/acknowledged', 'l1'])
  })

  it('cuts off what does not finish in time, and connections that never asked anything', async () => {
    const tools = fakeTools()
    const aborted = vi.fn()
    tools.define('slow', (_input, { ending }) => {
      ending.whenOver(aborted)
      return new Promise(() => undefined)
    })
    const edge = await startEdge({ tools })
    const silent = connect(edge.port, '127.0.0.1')
    await new Promise((resolve) => silent.once('connect', resolve))
    const call = postModern(edge, 'tools/call', { name: 'slow' }).catch(() => 'cut off')
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    await edge.close({ graceMs: 50 })
    expect(await call).toBe('cut off')
    await vi.waitFor(() => expect(aborted).toHaveBeenCalledOnce(), { timeout: 10_000 })
    silent.destroy()
  })
})
