import { PassThrough } from 'node:stream'
import { Client as ModernClient, ReadBuffer, serializeMessage, type Transport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import { mcpStdio } from '../../src/mcp/stdio.ts'
import { type TestClient, v1Client, v2Client } from './clients.ts'
import { type FakeTools, fakeTools, mcpDeps, principalOf, text } from './fixture.ts'

const INFO = { name: 'pipe-client', version: '1.0.0' }

function startPipe(tools: FakeTools, maxLineBytes?: number) {
  const [stdin, stdout] = [new PassThrough(), new PassThrough()]
  const written: string[] = []
  stdout.on('data', (chunk: Buffer) => written.push(chunk.toString()))
  const deps = mcpDeps(tools)
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

const connectModern = async (pipe: Pipe): Promise<TestClient> => {
  const client = new ModernClient(INFO, { capabilities: {}, versionNegotiation: { mode: 'auto' } })
  await client.connect(pipeTransport(pipe))
  expect(client.getProtocolEra()).toBe('modern')
  return v2Client(client, 'modern')
}

const connectLegacy = async (pipe: Pipe): Promise<TestClient> => {
  const client = new LegacyClient(INFO, { capabilities: {} })
  await client.connect(pipeTransport(pipe))
  return v1Client(client)
}

describe.each([
  ['client 2.4.0 speaking 2026-07-28', connectModern],
  ['sdk 1.32.2', connectLegacy],
])('over stdio, %s', (_name, connect) => {
  let pipe: Pipe
  let client: TestClient
  const open = async (tools = fakeTools()): Promise<FakeTools> => {
    pipe = startPipe(tools)
    client = await connect(pipe)
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
    tools.define('endless', (_input, { onProgress, signal }) => {
      onProgress?.({ progress: 1 })
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
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
    await vi.waitFor(() => expect(heard).toHaveLength(1))
    controller.abort('enough')
    await ended
    await vi.waitFor(() => expect(stopped).toHaveBeenCalledOnce())
  })

  it('hears that its tools changed', async () => {
    const tools = await open()
    const changed = vi.fn()
    await client.onNotification('notifications/tools/list_changed', changed)
    tools.announce()
    await vi.waitFor(() => expect(changed).toHaveBeenCalledOnce())
  })

  it('ends when the input ends, and aborts what runs', async () => {
    const tools = await open()
    const stopped = vi.fn()
    tools.define('endless', (_input, { signal }) => {
      signal.addEventListener('abort', stopped)
      return new Promise(() => undefined)
    })
    const call = client.request('tools/call', { name: 'endless' }).catch(() => 'gone')
    await vi.waitFor(() => expect(tools.calls).toHaveLength(1))
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
    await vi.waitFor(() => expect(messages()).toHaveLength(2))
    expect(messages()[0]).toMatchObject({ jsonrpc: '2.0', error: { code, message: expect.stringContaining(words) } })
    expect(messages()[1]).toMatchObject({ id: 9, result: { protocolVersion: '2025-11-25' } })
    await pipe.session.close()
    await pipe.session.closed
  })
})
