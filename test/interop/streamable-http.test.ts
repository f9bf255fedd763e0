import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { CLIENTS, type TestClient } from './clients.ts'
import { type Edge, fakeTools, startEdge, text } from './fixture.ts'

/** Everything that a client has never heard of, in every place where it can stand. */
const STRANGE = {
  content: [
    {
      type: 'text',
      text: 'ok',
      'x-unknown': { deep: [1, null, 'é\u2028'] },
      annotations: { audience: ['user'], 'x-more': 1 },
    },
  ],
  structuredContent: { total: 1e21, list: [{ a: null }], ünïcode: '😀' },
  'x-top': { kept: true },
  _meta: { 'example.org/trace': 'abc' },
} as const

const TOOL = {
  title: 'Strange',
  description: 'Says strange things',
  inputSchema: { type: 'object', properties: { n: { type: 'number', 'x-hint': 'kept' } }, $defs: { a: {} } },
  annotations: { readOnlyHint: true, 'x-mood': 'calm' },
  icons: [{ src: 'https://example.org/i.png', mimeType: 'image/png' }],
  'x-vendor': { nested: ['kept'] },
  _meta: { 'dev.gatehouse/id': 'conn:demo:strange' },
}

describe.each(CLIENTS)('%s', (_name, era, connect) => {
  let edge: Edge
  const clients: TestClient[] = []
  const open = async (agent?: string): Promise<TestClient> => {
    const client = await connect(edge.endpoint, agent)
    clients.push(client)
    return client
  }

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await edge.close()
  })

  it('meets the server by name', async () => {
    edge = await startEdge()
    expect((await open()).serverInfo()).toMatchObject({ name: 'gatehouse', version: '0.0.0-test' })
  })

  it('lists tools page by page, with every field that the source gave them', async () => {
    const tools = fakeTools({ pageSize: 2 })
    tools.define('strange', undefined, TOOL)
    for (const name of ['b', 'c', 'd', 'e']) tools.define(name)
    edge = await startEdge({ tools })
    const client = await open()
    const names: unknown[] = []
    let cursor: string | undefined
    do {
      const page = await client.request('tools/list', cursor === undefined ? {} : { cursor })
      names.push(...(page['tools'] as JsonObject[]).map((tool) => tool['name']))
      cursor = page['nextCursor'] as string | undefined
    } while (cursor !== undefined)
    expect(names).toEqual(['strange', 'b', 'c', 'd', 'e'])
    const first = await client.request('tools/list')
    expect((first['tools'] as JsonObject[])[0]).toEqual({ name: 'strange', ...TOOL })
    expect([first['ttlMs'], first['cacheScope']]).toEqual(
      era === 'modern' ? [10_000, 'private'] : [undefined, undefined],
    )
  })

  it('refuses a cursor that is none', async () => {
    edge = await startEdge()
    const client = await open()
    await expect(client.request('tools/list', { cursor: 'made-up' })).rejects.toMatchObject({ code: -32_602 })
  })

  it('calls a tool and gets its result with every field that nobody knows', async () => {
    const tools = fakeTools()
    tools.define('strange', () => STRANGE)
    edge = await startEdge({ tools })
    const client = await open()
    const result = await client.request('tools/call', { name: 'strange', arguments: { n: 1, 'x-y': [null] } })
    const { _meta, ...rest } = result
    expect(rest).toEqual({
      content: STRANGE.content,
      structuredContent: STRANGE.structuredContent,
      'x-top': { kept: true },
    })
    expect(_meta).toMatchObject({ 'example.org/trace': 'abc' })
    expect(tools.calls[0]?.call).toEqual({ name: 'strange', arguments: { n: 1, 'x-y': [null] } })
  })

  it('tells the source who asks, in which protocol, and what the caller sent along', async () => {
    const tools = fakeTools()
    tools.define('echo')
    edge = await startEdge({ tools })
    const client = await open('bob')
    await client.request('tools/call', {
      name: 'echo',
      _meta: { traceparent: '00-ab-cd-01', 'example.org/x': { y: 1 } },
    })
    const exchange = tools.calls[0]?.exchange
    expect(exchange?.principal.agent).toBe('bob')
    expect(exchange?.meta).toEqual({ traceparent: '00-ab-cd-01', 'example.org/x': { y: 1 } })
    expect(exchange?.protocol).toMatchObject({ era, version: era === 'modern' ? '2026-07-28' : '2025-11-25' })
    expect(exchange?.requestId).toMatch(/^id-/)
  })

  it('hears of progress under its own token, in order', async () => {
    const tools = fakeTools()
    tools.define('slow', async (_input, { onProgress }) => {
      for (const progress of [1, 2, 3]) onProgress?.({ progress, total: 3, message: `step ${progress}` })
      return text('done')
    })
    edge = await startEdge({ tools })
    const client = await open()
    const heard: JsonObject[] = []
    const result = await client.request(
      'tools/call',
      { name: 'slow' },
      { onprogress: (progress) => heard.push(progress) },
    )
    expect(result['content']).toEqual([{ type: 'text', text: 'done' }])
    expect(heard.map(({ progress, total, message }) => [progress, total, message])).toEqual([
      [1, 3, 'step 1'],
      [2, 3, 'step 2'],
      [3, 3, 'step 3'],
    ])
  })

  it.each([false, true])('cancels, and the source knows (with progress: %s)', async (progress) => {
    const tools = fakeTools()
    const stopped = vi.fn()
    tools.define('endless', (_input, { ending }) => {
      return new Promise((_resolve, reject) => {
        ending.whenOver(() => {
          stopped()
          reject(new Error('stopped'))
        })
      })
    })
    edge = await startEdge({ tools })
    const client = await open()
    const controller = new AbortController()
    const options = { signal: controller.signal, ...(progress && { onprogress: () => undefined }) }
    const call = client.request('tools/call', { name: 'endless' }, options)
    const ended = expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    expect(stopped).not.toHaveBeenCalled()
    controller.abort('enough')
    await ended
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce(), { timeout: 10_000 })
    expect((await client.request('tools/list'))['tools']).toHaveLength(1)
  })

  it('hears that its tools changed', async () => {
    edge = await startEdge()
    const client = await open()
    const changed = vi.fn()
    await client.onNotification('notifications/tools/list_changed', changed)
    await vi.waitFor(
      () => {
        edge.tools.announce()
        expect(changed).toHaveBeenCalled()
      },
      { timeout: 10_000 },
    )
  })

  it('gets log messages from the level that it asked for', async () => {
    const tools = fakeTools()
    tools.define('chatty', async (_input, { onLog }) => {
      onLog?.({ level: 'debug', data: 'whisper' })
      onLog?.({ level: 'error', data: { why: 'loud' }, logger: 'x', 'x-extra': 1 })
      return text('done')
    })
    edge = await startEdge({ tools })
    const client = await open()
    const heard: JsonObject[] = []
    await client.onNotification('notifications/message', (params) => heard.push(params))
    if (era === 'legacy') await client.setLevel('warning')
    const _meta = { 'io.modelcontextprotocol/logLevel': 'warning' }
    await client.request('tools/call', { name: 'chatty', ...(era === 'modern' && { _meta }) })
    await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 10_000 })
    expect(heard[0]).toMatchObject({ level: 'error', data: { why: 'loud' }, logger: 'x' })
  })

  it('learns no difference between a hidden tool and none', async () => {
    edge = await startEdge()
    edge.tools.define('secret')
    const client = await open()
    const hidden = await client.request('tools/call', { name: 'secret' }).catch((error: unknown) => error)
    const unknown = await client.request('tools/call', { name: 'nosuch' }).catch((error: unknown) => error)
    expect(hidden).toMatchObject({ code: -32_602, message: expect.stringContaining('Unknown tool: secret') })
    expect(unknown).toMatchObject({ code: -32_602, message: expect.stringContaining('Unknown tool: nosuch') })
  })
})
