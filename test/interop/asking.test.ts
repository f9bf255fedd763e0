import { afterEach, describe, expect, it, vi } from 'vitest'
import type { ClientRequest, Exchange } from '../../src/kernel/exchange.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { CLIENTS, type TestClient } from './clients.ts'
import { fakeFeatures } from './fake-features.ts'
import { type Edge, fakeTools, startEdge, text } from './fixture.ts'

const FORM: ClientRequest = {
  method: 'elicitation/create',
  params: {
    message: 'Who are you?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string', default: 'nobody' } } },
    _meta: { progressToken: 7, 'example.org/kept': true },
  },
}
const SAMPLE: ClientRequest = {
  method: 'sampling/createMessage',
  params: { messages: [{ role: 'user', content: { type: 'text', text: 'Say hi' } }], maxTokens: 10 },
}
const ROOTS: ClientRequest = { method: 'roots/list', params: {} }

const asking = async ({ ask }: Exchange, ...requests: readonly ClientRequest[]) => {
  const answers: JsonObject[] = []
  for (const request of requests) answers.push((await ask?.(request)) ?? { nobody: true })
  return text(JSON.stringify(answers))
}

describe.each(CLIENTS)('%s is asked while its call runs', (_name, era, connect) => {
  let edge: Edge
  const clients: TestClient[] = []
  const open = async (...args: Parameters<typeof connect> extends [URL, ...infer Rest] ? Rest : never) => {
    const client = await connect(edge.endpoint, ...args)
    clients.push(client)
    return client
  }
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await edge.close()
  })
  const said = (result: JsonObject): unknown => JSON.parse((result['content'] as [{ text: string }])[0].text)

  it('for input, a sample and its roots, one after the other', async () => {
    const tools = fakeTools()
    tools.define('curious', (_input, exchange) => asking(exchange, FORM, SAMPLE, ROOTS))
    edge = await startEdge({ tools })
    const elicitation = vi.fn((_params: JsonObject): JsonObject => ({ action: 'accept', content: { name: 'Ann' } }))
    const sample = { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' }
    const client = await open('ann', {
      elicitation,
      sampling: () => sample,
      roots: () => ({ roots: [{ uri: 'file:///home' }] }),
    })
    const result = await client.request('tools/call', { name: 'curious' })
    expect(said(result)).toEqual([
      expect.objectContaining({ action: 'accept', content: { name: 'Ann' } }),
      expect.objectContaining(sample),
      expect.objectContaining({ roots: [{ uri: 'file:///home' }] }),
    ])
    expect(elicitation.mock.lastCall?.[0]).toMatchObject({
      message: 'Who are you?',
      _meta: { 'example.org/kept': true },
    })
    expect(elicitation.mock.lastCall?.[0]?.['_meta']).not.toHaveProperty('progressToken')
    expect(edge.mcp.counts()).toMatchObject({ running: 0, parked: 0 })
  })

  it('by a prompt and a resource too', async () => {
    const features = fakeFeatures()
    const ask = async (_params: JsonObject, exchange: Exchange) => ({
      answered: (await asking(exchange, ROOTS)).content,
    })
    features.addResource('file:///a', async (params, exchange) => ({ contents: [], ...(await ask(params, exchange)) }))
    features.addPrompt('a', async (params, exchange) => ({ messages: [], ...(await ask(params, exchange)) }))
    edge = await startEdge({ features })
    const client = await open('ann', { roots: () => ({ roots: [] }) })
    for (const [method, params] of [
      ['resources/read', { uri: 'file:///a' }],
      ['prompts/get', { name: 'a' }],
    ] as const) {
      const { answered } = await client.request(method, params)
      expect(answered).toEqual([{ type: 'text', text: expect.stringContaining('{"roots":[]') }])
    }
  })

  it('only for what it declared', async () => {
    const tools = fakeTools()
    const refused = vi.fn()
    tools.define('pushy', async (_input, { ask }) => {
      await ask?.(SAMPLE).catch(refused)
      await ask?.({
        ...FORM,
        params: { ...FORM.params, mode: 'url', url: 'https://acme.example', elicitationId: 'e' },
      }).catch(refused)
      return text('[]')
    })
    tools.define('checking', (_input, { ask }) => text(JSON.stringify([ask !== undefined])))
    edge = await startEdge({ tools })
    const client = await open('ann', { elicitation: () => ({ action: 'decline' }) })
    await client.request('tools/call', { name: 'pushy' })
    const required = refused.mock.calls.map(([{ code, data }]) => [code, data.code, data.data.requiredCapabilities])
    expect(required).toEqual([
      ['upstream_refused', -32_021, { sampling: {} }],
      ['upstream_refused', -32_021, { elicitation: { url: {} } }],
    ])
    expect(said(await client.request('tools/call', { name: 'checking' }))).toEqual([true])
    const mute = await open('bob')
    expect(said(await mute.request('tools/call', { name: 'checking' }))).toEqual([false])
  })

  it('and hears of progress after its answer', async () => {
    const tools = fakeTools()
    tools.define('slow', async (_input, exchange) => {
      exchange.onProgress?.({ progress: 1 })
      const result = await asking(exchange, FORM)
      exchange.onProgress?.({ progress: 2 })
      return result
    })
    edge = await startEdge({ tools })
    const client = await open('ann', { elicitation: () => ({ action: 'decline' }) })
    const heard: JsonObject[] = []
    await client.request('tools/call', { name: 'slow' }, { onprogress: (one) => heard.push(one) })
    // what has a message is the client's own word on rounds
    const ours = heard.filter(({ message }) => message === undefined)
    expect(ours.map(({ progress }) => progress)).toEqual([1, 2])
  })

  it('and its refusal reaches the server as it is', async () => {
    const tools = fakeTools()
    const refused = vi.fn()
    tools.define('curious', async (_input, { ask }) => {
      await ask?.(FORM).catch(refused)
      return text('[]')
    })
    edge = await startEdge({ tools })
    const client = await open('ann', {
      elicitation: () => {
        throw Object.assign(new Error('no time'), { code: -32_000 })
      },
    })
    const call = client.request('tools/call', { name: 'curious' }).catch(() => 'given up')
    if (era === 'modern') {
      expect(await call).toBe('given up') // a client that cannot answer does not retry
      return
    }
    await call
    expect(refused).toHaveBeenCalledWith(expect.objectContaining({ code: 'upstream_refused' }))
    expect(refused.mock.lastCall?.[0].data).toMatchObject({
      code: -32_000,
      message: expect.stringContaining('no time'),
    })
  })
})
