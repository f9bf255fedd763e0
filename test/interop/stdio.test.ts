import { PassThrough } from 'node:stream'
import { ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { mcpStdio } from '../../src/mcp/stdio.ts'
import { type Answers, type TestClient, newV1, newV2, v1Client, v2Client } from './clients.ts'
import { type FakeFeatures, fakeFeatures } from './fake-features.ts'
import { type FakeTools, fakeTools, mcpDeps, principalOf, text } from './fixture.ts'

function startPipe(tools: FakeTools, maxLineBytes?: number, features: FakeFeatures = fakeFeatures()) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const written: string[] = []
  stdout.on('data', (chunk: Buffer) => written.push(chunk.toString()))
  const deps = mcpDeps(tools, () => 0, features)
  const options = { principal: principalOf('desk'), stdin, stdout, ...(maxLineBytes !== undefined && { maxLineBytes }) }
  return { stdin, stdout, deps, session: mcpStdio(deps, options), output: () => written.join('') }
}

type Pipe = ReturnType<typeof startPipe>

/** The client's end of the pipe. */
function pipeTransport({ stdin, stdout, session }: Pipe): Transport {
  const buffer = new ReadBuffer()
  const transport: Transport = {
    async start() {
      stdout.on('data', (chunk: Buffer) => {
        buffer.append(chunk)
        for (let message = buffer.readMessage(); message; message = buffer.readMessage()) transport.onmessage?.(message)
      })
    },
    async send(message) {
      stdin.write(serializeMessage(message))
    },
    async close() {
      stdin.end()
      await session.closed
      transport.onclose?.()
    },
  }
  return transport
}

const connectModern = async (pipe: Pipe, answers: Answers = {}): Promise<TestClient> => {
  const client = newV2('auto', answers)
  await client.connect(pipeTransport(pipe))
  expect(client.getProtocolEra()).toBe('modern')
  return v2Client(client, 'modern')
}

const connectLegacy = async (pipe: Pipe, answers: Answers = {}): Promise<TestClient> => {
  const client = newV1(answers)
  await client.connect(pipeTransport(pipe))
  return v1Client(client)
}

describe.each([
  ['client 2.4.0 speaking 2026-07-28', connectModern],
  ['sdk 1.32.2', connectLegacy],
])('over stdio, %s', (_name, connect) => {
  let pipe: Pipe
  let client: TestClient
  const open = async (
    tools = fakeTools(),
    { features, answers }: { readonly features?: FakeFeatures; readonly answers?: Answers } = {},
  ): Promise<FakeTools> => {
    pipe = startPipe(tools, undefined, features)
    client = await connect(pipe, answers)
    return tools
  }
  afterEach(() => client.close())

  it('lists and calls, and every byte of output is protocol', async () => {
    const tools = await open()
    tools.define('echo', (input) => ({ content: [], structuredContent: input, 'x-kept': true }))
    expect((await client.request('tools/list'))['tools']).toMatchObject([{ name: 'echo' }])
    const result = await client.request('tools/call', { name: 'echo', arguments: { é: 1 } })
    expect(result).toMatchObject({ structuredContent: { é: 1 }, 'x-kept': true })
    expect(tools.calls[0]?.exchange).toMatchObject({ principal: { agent: 'desk' }, protocol: { era: client.era } })
    for (const line of pipe.output().trim().split('\n')) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
  })

  it('hears of progress, and cancels with a notification', async () => {
    const tools = await open()
    const stopped = vi.fn()
    tools.define('endless', (_input, { onProgress, ending }) => {
      onProgress?.({ progress: 1 })
      return new Promise((_resolve, reject) => {
        ending.whenOver(() => {
          stopped()
          reject(new Error('stopped'))
        })
      })
    })
    const controller = new AbortController()
    const heard: JsonObject[] = []
    const call = client.request(
      'tools/call',
      { name: 'endless' },
      { signal: controller.signal, onprogress: (one) => heard.push(one) },
    )
    const ended = expect(call).rejects.toThrow()
    await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 10_000 })
    controller.abort('enough')
    await ended
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce(), { timeout: 10_000 })
  })

  it('hears that its tools changed', async () => {
    const tools = await open()
    const changed = vi.fn()
    await client.onNotification('notifications/tools/list_changed', changed)
    tools.announce()
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce(), { timeout: 10_000 })
  })

  it('lists, reads and gets what is not a tool', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    features.addPrompt('greet')
    await open(fakeTools(), { features })
    expect((await client.request('resources/list'))['resources']).toMatchObject([{ uri: 'file:///a' }])
    expect((await client.request('prompts/list'))['prompts']).toMatchObject([{ name: 'greet' }])
    expect(await client.request('resources/read', { uri: 'file:///a' })).toMatchObject({
      contents: [{ uri: 'file:///a' }],
    })
    const missing = await client.request('resources/read', { uri: 'file:///b' }).catch((error: unknown) => error)
    expect(missing).toMatchObject({ code: client.era === 'legacy' ? -32_002 : -32_602, data: { uri: 'file:///b' } })
  })

  it('hears of the resources that it follows', async () => {
    const features = fakeFeatures()
    for (const uri of ['file:///a', 'file:///b', 'file:///hidden']) features.addResource(uri)
    await open(fakeTools(), { features })
    const heard = vi.fn()
    const stop = await client.follow(['file:///a', 'file:///b'], heard)
    for (const uri of ['file:///hidden', 'file:///b']) features.update(uri)
    await vi.waitFor(() => expect(heard).toHaveBeenCalledOnce(), { timeout: 10_000 })
    expect(heard).toHaveBeenCalledWith(expect.objectContaining({ uri: 'file:///b' }))
    await stop()
    await vi.waitFor(() => expect(features.subscriptions.slice(2).toSorted()).toEqual(['-file:///a', '-file:///b']), {
      timeout: 10_000,
    })
  })

  it('lets go of a resource as often as it was asked to follow it, until nobody listens', async () => {
    const features = fakeFeatures()
    features.addResource('file:///a')
    await open(fakeTools(), { features })
    const balance = (): number => features.subscriptions.reduce((sum, line) => sum + (line.startsWith('+') ? 1 : -1), 0)
    const stops = [await client.follow(['file:///a'], vi.fn()), await client.follow(['file:///a'], vi.fn())]
    await stops[0]?.()
    if (client.era === 'modern') await vi.waitFor(() => expect(balance()).toBe(1), { timeout: 10_000 })
    await stops[1]?.()
    await vi.waitFor(() => expect(balance()).toBe(0), { timeout: 10_000 })
  })

  it('is asked while its call runs', async () => {
    const tools = fakeTools()
    const form = { message: 'Who?', requestedSchema: { type: 'object', properties: { name: { type: 'string' } } } }
    tools.define('curious', async (_input, { ask }) =>
      text(JSON.stringify(await ask?.({ method: 'elicitation/create', params: form }))),
    )
    const elicitation = (): JsonObject => ({ action: 'accept', content: { name: 'Ann' } })
    await open(tools, { answers: { elicitation } })
    const result = await client.request('tools/call', { name: 'curious' })
    expect(result).toMatchObject({ content: [{ text: expect.stringContaining('"name":"Ann"') }] })
  })

  it('ends when the input ends, and aborts what runs', async () => {
    const tools = await open()
    const stopped = vi.fn()
    tools.define('endless', (_input, { ending }) => {
      ending.whenOver(stopped)
      return new Promise(() => undefined)
    })
    const call = client.request('tools/call', { name: 'endless' }).catch(() => 'gone')
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1), { timeout: 10_000 })
    pipe.stdin.end()
    await pipe.session.closed
    expect(stopped).toHaveBeenCalledOnce()
    await client.close()
    expect(await call).toBe('gone')
  })
})

describe('lines that are no messages', () => {
  it.each([
    ['hello', -32_700, 'not valid JSON'],
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32_600, 'stands twice'],
    [`${'['.repeat(65)}${']'.repeat(65)}`, -32_600, 'deeper than 64'],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600, '"id" must be'],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600, 'not a batch'],
    [`{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"${'x'.repeat(2_000)}"}}`, -32_600, 'too large'],
  ])('are answered, and the next line is served: %s', async (line, code, words) => {
    const tools = fakeTools()
    tools.define('echo', () => text('fine'))
    const pipe = startPipe(tools, 1_000)
    const messages = () =>
      pipe
        .output()
        .split('\n')
        .filter(Boolean)
        .map((each) => JSON.parse(each) as JsonObject)
    for (const piece of `${line}\r\n\n`.match(/[^]{1,7}/g) ?? []) pipe.stdin.write(piece)
    pipe.stdin.write(
      '{"jsonrpc":"2.0","id":9,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}\n',
    )
    await vi.waitFor(() => expect(messages()).toHaveLength(2), { timeout: 10_000 })
    expect(messages()[0]).toMatchObject({ jsonrpc: '2.0', error: { code, message: expect.stringContaining(words) } })
    expect(messages()[1]).toMatchObject({ id: 9, result: { protocolVersion: '2025-11-25' } })
    await pipe.session.close()
    await pipe.session.closed
  })
})
