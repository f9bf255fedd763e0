import type { Ending } from '../../../src/kernel/ending.ts'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { Running } from '../../../src/cli/locate.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { INITIALIZE, INITIALIZED, attached, door, legacy, modern } from '../../helpers/attached.ts'
import { type TestGatewayOptions, testGateway } from '../../helpers/test-gateway.ts'
import { testShell } from '../../helpers/test-shell.ts'
import { sourceTool } from '../../helpers/tools.ts'

const CALL = { name: 'conn__notes__read_note', arguments: { id: 'n1' } }
const TEXT = { result: { content: [{ type: 'text', text: 'read_note {"id":"n1"}' }] } }

async function bridge(options: TestGatewayOptions = {}) {
  const gateway = testGateway(options)
  const front = await door(gateway)
  let running: Running | undefined = front.running
  return {
    gateway,
    front,
    move: (next: Running | undefined) => void (running = next),
    ...attached(() => Promise.resolve(running)),
  }
}

/** A gateway that answers every request as the test says. */
async function oddGateway(answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) {
  const headers: Record<string, unknown>[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => (body += chunk.toString()))
    request.on('end', () => {
      headers.push(request.headers)
      answer(request, response, body)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { headers, ...attached(() => Promise.resolve({ url, token: new Secret('gha_odd') })) }
}

/** A tool that runs until it is stopped. */
function endless() {
  const seen: Ending[] = []
  const tools = [sourceTool('read_note')]
  const run = (_name: string, _input: unknown, { ending }: { readonly ending: Ending }) => {
    seen.push(ending)
    return new Promise<never>((_, reject) => ending.whenOver(() => reject(new Error('stopped'))))
  }
  return { seen, connections: { notes: { tools, run } } }
}

describe('a bridge to a toolset', () => {
  it('serves that toolset, and says so when there is none', async () => {
    const toolsets = { readers: { tools: { effects: ['read' as const] } } }
    const front = await door(testGateway({ toolsets }))
    const locate = () => Promise.resolve(front.running)
    const readers = attached(locate, { toolset: 'readers' })
    readers.send(modern(1, 'tools/list'))
    await expect
      .poll(() => readers.answer(1))
      .toMatchObject({ result: { tools: [{ name: 'conn__notes__read_note' }] } })
    expect(JSON.stringify(readers.answer(1))).not.toContain('write_note')
    const nobody = attached(locate, { toolset: 'nobody' })
    nobody.send(modern(1, 'tools/list'))
    await expect
      .poll(() => nobody.answer(1))
      .toMatchObject({ error: { message: 'Not found: There is no POST /mcp/nobody.' } })
  })
})

describe('a bridge for a legacy client', () => {
  it('carries the handshake, lists and calls', async () => {
    const { send, answer, messages, end } = await bridge()
    send(INITIALIZE)
    send(INITIALIZED)
    send(legacy(2, 'tools/list'))
    send(legacy(3, 'tools/call', CALL))
    await expect.poll(() => answer(3)).toMatchObject(TEXT)
    await expect.poll(() => answer(2)).toMatchObject({ result: { tools: [{}, {}, {}] } })
    expect(answer(1)).toMatchObject({ result: { protocolVersion: '2025-06-18' } })
    expect(messages()).toHaveLength(3)
    await end()
  })

  it('hands on what the server says unasked', async () => {
    const { send, answer, messages, front } = await bridge()
    send(INITIALIZE)
    send(INITIALIZED)
    await expect.poll(() => answer(1)).toBeDefined()
    await expect
      .poll(() => {
        front.toolsChanged()
        return messages().map(({ method }) => method)
      })
      .toContain('notifications/tools/list_changed')
  })

  it('hands on a cancellation', async () => {
    const { seen, connections } = endless()
    const { send } = await bridge({ connections })
    send(INITIALIZE)
    send(INITIALIZED)
    send(legacy(2, 'tools/call', CALL))
    await expect.poll(() => seen.length).toBe(1)
    send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 2 } })
    await expect.poll(() => seen[0]?.isOver()).toBe(true)
  })

  it('goes on in a new session when the gateway was started again', async () => {
    const { send, answer, messages, front, gateway, move } = await bridge()
    send(INITIALIZE)
    send(INITIALIZED)
    send(legacy(2, 'tools/list'))
    await expect.poll(() => answer(2)).toBeDefined()
    await front.close()
    const again = await door(gateway)
    move(again.running)
    send(legacy(3, 'tools/call', CALL))
    send(legacy(4, 'tools/call', CALL))
    await expect.poll(() => answer(3)).toMatchObject(TEXT)
    await expect.poll(() => answer(4)).toMatchObject(TEXT)
    expect(messages().filter(({ id }) => id === 1)).toHaveLength(1)
    await expect
      .poll(() => {
        again.toolsChanged()
        return messages().map(({ method }) => method)
      })
      .toContain('notifications/tools/list_changed')
  })
})

describe('a bridge for a modern client', () => {
  it('carries discovery, lists and calls', async () => {
    const { send, answer } = await bridge()
    send(modern(1, 'server/discover'))
    send(modern(2, 'tools/list'))
    send(modern(3, 'tools/call', CALL))
    await expect.poll(() => answer(1)).toMatchObject({ result: { supportedVersions: ['2026-07-28'] } })
    await expect.poll(() => answer(2)).toMatchObject({ result: { tools: [{}, {}, {}] } })
    await expect.poll(() => answer(3)).toMatchObject(TEXT)
  })

  it('hands on progress before the result', async () => {
    const tools = [sourceTool('read_note')]
    const run: NonNullable<NonNullable<TestGatewayOptions['connections']>[string]['run']> = async (
      _name,
      _input,
      { onProgress },
    ) => {
      onProgress?.({ progress: 1, total: 2 })
      return { content: [] }
    }
    const { send, answer, messages } = await bridge({ connections: { notes: { tools, run } } })
    send(modern(1, 'tools/call', CALL, { progressToken: 'p' }))
    await expect.poll(() => answer(1)).toBeDefined()
    expect(messages()[0]).toMatchObject({
      method: 'notifications/progress',
      params: { progressToken: 'p', progress: 1 },
    })
  })

  it('stops a call by closing its stream, and answers nothing more', async () => {
    const { seen, connections } = endless()
    const { send, answer } = await bridge({ connections })
    send(modern(1, 'tools/call', CALL, { progressToken: 'p' }))
    await expect.poll(() => seen.length).toBe(1)
    send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } })
    await expect.poll(() => seen[0]?.isOver()).toBe(true)
    send(modern(2, 'server/discover'))
    await expect.poll(() => answer(2)).toBeDefined()
    expect(answer(1)).toBeUndefined()
  })

  it('puts method, name and marked arguments into headers, safely', async () => {
    const schema = {
      type: 'object',
      properties: {
        region: { type: 'string', 'x-mcp-header': 'Region' },
        deep: { type: 'object', properties: { n: { type: 'integer', 'x-mcp-header': 'N' } } },
        odd: { type: 'string', 'x-mcp-header': 'a b' },
      },
    }
    const { send, answer, headers } = await oddGateway((_request, response, body) => {
      const { id, method } = JSON.parse(body) as { id: number; method: string }
      const result = method === 'tools/list' ? { tools: [{ name: 'tööl', inputSchema: schema }] } : {}
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ jsonrpc: '2.0', id, result }))
    })
    send(modern(1, 'tools/list'))
    await expect.poll(() => answer(1)).toBeDefined()
    send(modern(2, 'tools/call', { name: 'tööl', arguments: { region: 'a\r\nb', deep: { n: 7 }, odd: 'x' } }))
    await expect.poll(() => answer(2)).toBeDefined()
    const base64 = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`
    expect(headers[1]).toMatchObject({
      authorization: 'Bearer gha_odd',
      'gatehouse-agent': 'sidekick',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': base64('tööl'),
      'mcp-param-region': base64('a\r\nb'),
      'mcp-param-n': '7',
    })
    expect(headers[1]).not.toHaveProperty('mcp-param-a b')
    expect(headers[1]).not.toHaveProperty('mcp-session-id')
  })
})

describe('a bridge', () => {
  it('lets what is under way finish when the input ends', async () => {
    const { send, answer, end } = await bridge()
    send(modern(1, 'tools/call', CALL))
    await end()
    expect(answer(1)).toMatchObject(TEXT)
  })

  it('ends at once when it is told to, whatever is under way', async () => {
    const { seen, connections } = endless()
    const { send, stop, ended } = await bridge({ connections })
    send(modern(1, 'tools/call', CALL))
    await expect.poll(() => seen.length).toBe(1)
    stop()
    await ended
    await expect.poll(() => seen[0]?.isOver()).toBe(true)
  })

  it('answers lines that are no message, skips empty ones, and goes on', async () => {
    const { send, answer, messages } = await bridge()
    send('no json')
    send('')
    send('[1]')
    send(modern(1, 'server/discover'))
    await expect.poll(() => answer(1)).toBeDefined()
    expect(messages().filter(({ id }) => id === null)).toMatchObject([
      { error: { code: -32700 } },
      { error: { code: -32700 } },
    ])
  })

  it('follows the gateway to its new place', async () => {
    const { send, answer, front, gateway, move } = await bridge()
    send(modern(1, 'server/discover'))
    await expect.poll(() => answer(1)).toBeDefined()
    await front.close()
    move((await door(gateway)).running)
    send(modern(2, 'tools/call', CALL))
    await expect.poll(() => answer(2)).toMatchObject(TEXT)
  })

  it('answers every request while no gateway runs, and works again with the next', async () => {
    const { send, answer, front, gateway, move } = await bridge()
    await front.close()
    move(undefined)
    send(modern(1, 'tools/call', CALL))
    await expect
      .poll(() => answer(1))
      .toMatchObject({ error: { message: expect.stringContaining('The gateway has ended.') } })
    move((await door(gateway)).running)
    send(modern(2, 'tools/call', CALL))
    await expect.poll(() => answer(2)).toMatchObject(TEXT)
  })

  it.each<[string, (request: IncomingMessage, response: ServerResponse) => void, string]>([
    [
      'a problem',
      (_, response) =>
        response
          .writeHead(503, { 'content-type': 'application/problem+json' })
          .end('{"title":"Busy","detail":"Try later."}'),
      'Busy: Try later.',
    ],
    [
      'HTML',
      (_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad gateway</h1>'),
      'status 502',
    ],
    ['nothing', (_, response) => response.end(), 'ended the answer before its result'],
    [
      'half a stream',
      (_, response) =>
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end('data: {"jsonrpc":"2.0","method":"x"}\n\n'),
      'ended the answer before its result',
    ],
    ['a torn connection', (request) => request.socket.destroy(), 'The connection to the gateway broke'],
  ])('turns %s into the answer of the request', async (_what, reply, words) => {
    const { send, answer } = await oddGateway(reply)
    send(modern(1, 'tools/list'))
    await expect
      .poll(() => answer(1))
      .toMatchObject({ error: { code: -32603, message: expect.stringContaining(words) } })
  })

  it('gives an error without an id to the request that it is about', async () => {
    const error = { jsonrpc: '2.0', id: null, error: { code: -32600, message: 'odd' } }
    const { send, answer } = await oddGateway((_, response) =>
      response.writeHead(400, { 'content-type': 'application/json' }).end(JSON.stringify(error)),
    )
    send(modern(7, 'tools/list'))
    await expect.poll(() => answer(7)).toEqual({ ...error, id: 7 })
  })
})

describe('stdio', () => {
  it('speaks to a gateway elsewhere when the environment names one, with the key and nothing more', async () => {
    const asked: Headers[] = []
    const fetch = (_url: unknown, init?: RequestInit): Promise<Response> => {
      asked.push(new Headers(init?.headers))
      return Promise.resolve(Response.json({ jsonrpc: '2.0', id: 1, result: {} }))
    }
    const env = { GATEHOUSE_URL: 'https://gw.example.com', GATEHOUSE_KEY: 'gh_key' }
    const stdin = Readable.from([`${JSON.stringify(modern(1, 'tools/list'))}\n`])
    const { run, out, composed } = testShell({ env, fetch, stdin })
    expect(await run('stdio')).toBe(0)
    expect(JSON.parse(out())).toEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(asked[0]?.get('authorization')).toBe('Bearer gh_key')
    expect(asked[0]?.has('gatehouse-agent')).toBe(false)
    expect(composed).toEqual([])
  })

  it.each([[{ GATEHOUSE_URL: 'gw' }], [{ GATEHOUSE_URL: 'https://gw.example.com' }]])(
    'refuses half an address: %j',
    async (env) => {
      const { run, err } = testShell({ env })
      expect(await run('stdio')).toBe(2)
      expect(err()).toContain('GATEHOUSE_')
    },
  )
})
