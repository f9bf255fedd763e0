import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type Edge, fakeTools, initialize, messagesOf, post, startEdge, text } from '../../interop/fixture.ts'

/** Events as a client reads them, until the predicate holds or the stream ends. */
async function eventsOf(response: Response, enough: (events: readonly Event[]) => boolean): Promise<readonly Event[]> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  let read = ''
  for (;;) {
    const events = read.split('\n\n').slice(0, -1).map(toEvent)
    if (enough(events)) {
      await reader.cancel()
      return events
    }
    const { done, value } = await reader.read()
    if (done) return events
    read += Buffer.from(value).toString()
  }
}

interface Event {
  readonly id?: string
  readonly retry?: string
  readonly data?: JsonObject
}

function toEvent(block: string): Event {
  const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: ?(.*)/s).slice(0, 2)))
  return { ...fields, ...(fields.data ? { data: JSON.parse(fields.data) as JsonObject } : { data: undefined }) }
}

describe('a legacy client that lost its stream', () => {
  let edge: Edge
  afterEach(() => edge.close())
  const VERSION = { 'mcp-protocol-version': '2025-11-25' }
  const call = (session: string, id = 5) =>
    post(
      edge,
      { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'slow', _meta: { progressToken: 'p' } } },
      { session, headers: VERSION },
    )
  const resume = (session: string, last: string, agent = 'ann') =>
    post(edge, undefined, { session, method: 'GET', agent, headers: { ...VERSION, 'last-event-id': last } })

  const startSlow = async (options: Parameters<typeof startEdge>[0] = {}) => {
    const tools = fakeTools()
    let finish = (): void => undefined
    tools.define('slow', async (_input, { onProgress }) => {
      onProgress?.({ progress: 1 })
      await new Promise<void>((resolve) => {
        finish = resolve
      })
      onProgress?.({ progress: 2 })
      return text('done')
    })
    edge = await startEdge({ tools, ...options })
    return { finish: () => finish() }
  }

  it('gets what it missed, and the answer', async () => {
    const { finish } = await startSlow()
    const session = await initialize(edge)
    const seen = await eventsOf(await call(session), (events) => events.length === 2)
    expect(seen[0]).toMatchObject({ retry: '1000', data: undefined })
    expect(seen[1]?.data).toMatchObject({ params: { progress: 1 } })
    finish()
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(0), { timeout: 10_000 })
    const missed = await messagesOf(await resume(session, seen[1]?.id ?? ''))
    expect(missed).toMatchObject([{ params: { progress: 2 } }, { id: 5, result: { content: [{ text: 'done' }] } }])
    const all = await messagesOf(await resume(session, seen[0]?.id ?? ''))
    expect(all).toHaveLength(3)
  })

  it('goes on with a call that still runs', async () => {
    const { finish } = await startSlow()
    const session = await initialize(edge)
    const seen = await eventsOf(await call(session), (events) => events.length === 2)
    const rest = await resume(session, seen[1]?.id ?? '')
    finish()
    expect((await messagesOf(rest)).at(-1)).toMatchObject({ id: 5, result: { content: [{ text: 'done' }] } })
  })

  it('is told of a gap instead of getting a part', async () => {
    const { finish } = await startSlow({ events: { events: 2 } })
    const session = await initialize(edge)
    const seen = await eventsOf(await call(session), (events) => events.length === 2)
    finish()
    await vi.waitFor(() => expect(edge.mcp.counts().running).toBe(0), { timeout: 10_000 })
    const response = await resume(session, seen[0]?.id ?? '')
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: -32_600 } }])
    expect((await resume(session, 'made-up')).status).toBe(400)
  })

  it('gets nothing of a session that is not its own', async () => {
    const { finish } = await startSlow()
    const session = await initialize(edge)
    const seen = await eventsOf(await call(session), (events) => events.length === 2)
    finish()
    const stolen = await resume(session, seen[1]?.id ?? '', 'bob')
    expect([stolen.status, await stolen.json()]).toMatchObject([404, { error: { code: -32_001 } }])
    const own = await initialize(edge, { agent: 'bob' })
    expect((await resume(own, seen[1]?.id ?? '', 'bob')).status).toBe(400)
  })

  it('gets 404 from another process, and can start again', async () => {
    await startSlow()
    const response = await call('session-of-before')
    expect(response.status).toBe(404)
    expect(await initialize(edge)).toMatch(/^id-/)
  })
})

describe('a question to a legacy client', () => {
  let edge: Edge
  afterEach(() => edge.close())

  it('is answered by nobody else', async () => {
    const tools = fakeTools()
    tools.define('curious', async (_input, { ask }) =>
      text(JSON.stringify(await ask?.({ method: 'roots/list', params: {} }))),
    )
    edge = await startEdge({ tools })
    const session = await initialize(edge, { capabilities: { roots: {} } })
    const calling = await post(
      edge,
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'curious' } },
      { session },
    )
    const reader = (calling.body as ReadableStream<Uint8Array>).getReader()
    let seen = ''
    const until = async (word: string): Promise<void> => {
      while (!seen.includes(word)) {
        const { done, value } = await reader.read()
        if (done) return
        seen += Buffer.from(value).toString()
      }
    }
    await until('roots/list')
    const id = Number(/"id":(\d+)/.exec(seen)?.[1])
    const reply = (roots: unknown) => ({ jsonrpc: '2.0', id, result: { roots } })
    expect((await post(edge, reply(['stolen']), { session, agent: 'bob' })).status).toBe(404)
    expect((await post(edge, reply(['mine']), { session })).status).toBe(202)
    await until('"result"')
    expect(seen).toContain('mine')
    expect(seen).not.toContain('stolen')
  })

  it('is over when its call is cancelled, or its session ends', async () => {
    const tools = fakeTools()
    const failed = vi.fn()
    tools.define('curious', async (_input, { ask }) => {
      await ask?.({ method: 'roots/list', params: {} }).catch(failed)
      return text('')
    })
    edge = await startEdge({ tools })
    const session = await initialize(edge, { capabilities: { roots: {} } })
    const begin = async (id: number): Promise<Response> => {
      const params = { name: 'curious' }
      const response = await post(edge, { jsonrpc: '2.0', id, method: 'tools/call', params }, { session })
      await vi.waitFor(() => expect(tools.calls).toHaveLength(id), { timeout: 10_000 })
      return response
    }
    const first = await begin(1)
    const cancelled = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } }
    await post(edge, cancelled, { session })
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1), { timeout: 10_000 })
    await first.text()
    const second = await begin(2)
    await post(edge, undefined, { session, method: 'DELETE' })
    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(2), { timeout: 10_000 })
    await second.text()
    expect(failed).toHaveBeenLastCalledWith(expect.objectContaining({ code: 'cancelled' }))
    await vi.waitFor(() => expect(edge.mcp.counts()).toMatchObject({ sessions: 0, running: 0 }), { timeout: 10_000 })
  })
})
