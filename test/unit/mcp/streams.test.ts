import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type Edge, initialize, messagesOf, post, postModern, startEdge } from '../../interop/fixture.ts'

const FILTER: JsonObject = { notifications: { toolsListChanged: true } }
const listen = (edge: Edge, id: string, params = FILTER, headers: Record<string, string> = {}) =>
  postModern(edge, 'subscriptions/listen', params, { id, headers })

describe('streams that wait for news', () => {
  let edge: Edge
  afterEach(() => edge.close())

  it('begin with what they will tell, and tell nothing else', async () => {
    edge = await startEdge()
    const all = { toolsListChanged: true, promptsListChanged: true, resourceSubscriptions: ['file:///a'] }
    const response = await listen(edge, 'l1', { notifications: all })
    edge.tools.announce()
    await edge.mcp.close()
    const messages = await messagesOf(response)
    expect(messages.map(({ method }) => method)).toEqual([
      'notifications/subscriptions/acknowledged',
      'notifications/tools/list_changed',
      undefined,
    ])
    expect(messages[0]).toMatchObject({ params: { notifications: { toolsListChanged: true } } })
    for (const { params, result } of messages) {
      expect(params ?? result).toMatchObject({ _meta: { 'io.modelcontextprotocol/subscriptionId': 'l1' } })
    }
  })

  it('are counted for each principal, and forgotten when either side ends them', async () => {
    edge = await startEdge({ sessions: { perPrincipal: 2 } })
    for (const id of ['a', 'b', 'c']) await (await listen(edge, id, { notifications: {} })).text()
    const first = await listen(edge, 'd')
    const second = await listen(edge, 'e')
    const third = await listen(edge, 'f')
    expect(await third.json()).toMatchObject({ id: 'f', error: { message: expect.stringContaining('Too many open') } })
    expect((await listen(edge, 'g', FILTER, { authorization: 'Bearer bob' })).headers.get('content-type')).toBe(
      'text/event-stream',
    )
    await first.body?.cancel()
    await vi.waitFor(
      async () => {
        const again = await listen(edge, 'h')
        expect(again.headers.get('content-type')).toBe('text/event-stream')
      },
      { timeout: 10_000 },
    )
    await second.body?.cancel()
  })

  it('end when their principal loses its rights', async () => {
    edge = await startEdge()
    const [ann, bob] = [await listen(edge, 'a'), await listen(edge, 'b', FILTER, { authorization: 'Bearer bob' })]
    await edge.mcp.terminate(({ agent }) => agent === 'ann')
    expect(await messagesOf(ann)).toHaveLength(1)
    edge.tools.announce()
    await edge.mcp.close()
    expect(await messagesOf(bob)).toHaveLength(3)
  })

  it('carry the log messages of calls that are answered as JSON', async () => {
    edge = await startEdge()
    edge.tools.define('chatty', async (_input, { onLog }) => {
      onLog?.({ level: 'info', data: 'hello', 'x-kept': 1 })
      return { content: [] }
    })
    const session = await initialize(edge)
    const stream = await post(edge, undefined, { session, method: 'GET' })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'chatty' } }
    await (await post(edge, call, { session })).text()
    await edge.mcp.close()
    expect(await messagesOf(stream)).toEqual([
      { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'info', data: 'hello', 'x-kept': 1 } },
    ])
  })
})
