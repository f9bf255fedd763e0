import { afterEach, describe, expect, it, vi } from 'vitest'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { CLIENTS, type TestClient } from './clients.ts'
import { fakeFeatures } from './fake-features.ts'
import { type Edge, startEdge } from './fixture.ts'

/** The SDK's second line of clients reads the number of the earlier versions as the new one. */
const NOT_FOUND = (name: string): number => (name.startsWith('sdk 1') ? -32_002 : -32_602)

describe.each(CLIENTS)('%s', (name, era, connect) => {
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

  it.each([
    ['resources/list', 'resources', 'uri'],
    ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
    ['prompts/list', 'prompts', 'name'],
  ])('lists with %s, page by page, whole, and without what is hidden', async (method, member, key) => {
    const features = fakeFeatures()
    for (const letter of ['a', 'b', 'hidden', 'c']) {
      features.addResource(`file:///${letter}`, undefined, { 'x-more': { kept: [1] }, _meta: { ui: { a: 1 } } })
      features.addTemplate(`file:///{${letter}}`)
      features.addPrompt(letter)
    }
    edge = await startEdge({ features })
    const client = await open()
    const first = await client.request(method)
    const second = await client.request(method, { cursor: first['nextCursor'] })
    const items = [first, second].flatMap((page) => page[member] as JsonObject[])
    expect(items).toHaveLength(3)
    expect(JSON.stringify(items.map((item) => item[key]))).not.toContain('hidden')
    expect([first['ttlMs'], first['cacheScope']]).toEqual(
      era === 'modern' ? [10_000, 'private'] : [undefined, undefined],
    )
    if (member === 'resources') expect(items[0]).toMatchObject({ 'x-more': { kept: [1] }, _meta: { ui: { a: 1 } } })
    await expect(client.request(method, { cursor: 'nope' })).rejects.toMatchObject({ code: -32_602 })
  })

  it('reads a resource whole, with hints for its own era', async () => {
    const features = fakeFeatures()
    const contents = [
      { uri: 'ui://app/main', mimeType: 'text/html;profile=mcp-app', text: '<b>', _meta: { ui: { x: 1 } }, 'x-a': 1 },
    ]
    features.addResource('ui://app/main', () => ({ contents, ttlMs: 60_000, cacheScope: 'public', 'x-top': 1 }))
    edge = await startEdge({ features })
    const { _meta, ...result } = await (await open()).request('resources/read', { uri: 'ui://app/main' })
    const hints = era === 'modern' ? { ttlMs: 10_000, cacheScope: 'private' } : {}
    expect(result).toEqual({ contents, 'x-top': 1, ...hints })
  })

  it('learns no difference between a hidden resource and none, in the words of its era', async () => {
    const features = fakeFeatures()
    features.addResource('file:///hidden')
    edge = await startEdge({ features })
    const client = await open()
    const failure = (uri: string) => client.request('resources/read', { uri }).catch((error: unknown) => error)
    expect(await failure('file:///hidden')).toMatchObject({ code: NOT_FOUND(name), data: { uri: 'file:///hidden' } })
    expect(await failure('file:///nosuch')).toMatchObject({ code: NOT_FOUND(name), data: { uri: 'file:///nosuch' } })
  })

  it('gets a prompt, and its arguments completed', async () => {
    const features = fakeFeatures()
    features.addPrompt('greet', (input) => ({ messages: [], description: `for ${JSON.stringify(input)}`, 'x-a': 1 }))
    edge = await startEdge({ features })
    const client = await open()
    const prompt = await client.request('prompts/get', { name: 'greet', arguments: { who: 'Ann' } })
    expect(prompt).toMatchObject({ description: 'for {"who":"Ann"}', 'x-a': 1 })
    const asked = { argument: { name: 'who', value: 'A' }, context: { arguments: { x: 'y' } } }
    const completed = await client.request('completion/complete', {
      ref: { type: 'ref/prompt', name: 'greet' },
      ...asked,
    })
    expect(completed).toMatchObject({ completion: { values: ['a', 'b'] }, 'x-asked': { name: 'greet', ...asked } })
    await expect(client.request('prompts/get', { name: 'hidden' })).rejects.toMatchObject({ code: -32_602 })
    const ref = { type: 'ref/prompt', name: 'hidden' }
    await expect(client.request('completion/complete', { ref, ...asked })).rejects.toMatchObject({ code: -32_602 })
  })

  it.each(['resources/read', 'prompts/get', 'tools/call'])(
    "gets a server's own error whole from %s",
    async (method) => {
      const data = { code: -31_999, message: 'Out of ink', data: { cartridge: ['cyan'] } }
      const refuse = (): never => {
        throw new GatewayError('upstream_refused', 'The server refused.', { data })
      }
      const features = fakeFeatures()
      features.addResource('file:///a', refuse)
      features.addPrompt('a', refuse)
      edge = await startEdge({ features })
      edge.tools.define('a', refuse)
      const params = method === 'resources/read' ? { uri: 'file:///a' } : { name: 'a' }
      const failure = await (await open()).request(method, params).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: -31_999, message: expect.stringContaining('Out of ink'), data: data.data })
    },
  )

  it.each(['resources', 'prompts'] as const)('hears that its %s changed, once for a burst', async (kind) => {
    edge = await startEdge()
    const client = await open()
    const changed = vi.fn()
    await client.onNotification(`notifications/${kind}/list_changed`, changed)
    await new Promise((resolve) => setImmediate(resolve))
    for (let index = 0; index < 5; index += 1) {
      edge.features.announce({ resources: kind === 'resources', prompts: kind === 'prompts' })
    }
    await vi.waitFor(() => expect(changed).toHaveBeenCalled(), { timeout: 10_000 })
    expect(changed).toHaveBeenCalledOnce()
  })

  it('hears of the resources that it follows and may see, and of no others', async () => {
    const features = fakeFeatures()
    for (const uri of ['file:///a', 'file:///b', 'file:///hidden']) features.addResource(uri)
    edge = await startEdge({ features })
    const [client, boss] = [await open(), await open('boss')]
    const [heard, heardByBoss] = [vi.fn(), vi.fn()]
    const stop = await client.follow(['file:///a'], heard)
    await boss.follow(['file:///a', 'file:///hidden'], heardByBoss)
    await vi.waitFor(() => expect(features.subscriptions).toHaveLength(3), { timeout: 10_000 })
    for (const uri of ['file:///hidden', 'file:///b', 'file:///a']) features.update(uri)
    await vi.waitFor(() => expect(heardByBoss).toHaveBeenCalledTimes(2), { timeout: 10_000 })
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce(), { timeout: 10_000 })
    expect(heard).toHaveBeenCalledWith(expect.objectContaining({ uri: 'file:///a' }))
    expect(edge.mcp.counts().subscriptions).toBe(2)
    await stop()
    await boss.close()
    if (era === 'legacy') await edge.mcp.terminate(({ agent }) => agent === 'boss')
    await vi.waitFor(
      () => expect(features.subscriptions.slice(3).toSorted()).toEqual(['-file:///a', '-file:///a', '-file:///hidden']),
      { timeout: 10_000 },
    )
    expect(edge.mcp.counts().subscriptions).toBe(0)
  })

  it('cannot follow what is hidden', async () => {
    const features = fakeFeatures()
    features.addResource('file:///hidden')
    edge = await startEdge({ features })
    const client = await open()
    const outcome = await client.follow(['file:///hidden'], vi.fn()).catch((error: unknown) => error)
    if (era === 'legacy') expect(outcome).toMatchObject({ code: NOT_FOUND(name), data: { uri: 'file:///hidden' } })
    expect(features.subscriptions).toEqual([])
    expect(edge.mcp.counts().subscriptions).toBe(0)
  })
})
