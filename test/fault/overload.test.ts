import { ending } from '../../src/kernel/ending.ts'
import { describe, expect, it, onTestFinished } from 'vitest'
import { toGatewayError } from '../../src/kernel/errors.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'
import { exchange, openProvider } from '../helpers/acme.ts'
import { testEgress } from '../helpers/egress.ts'
import { type Answer, fakeVendor, json } from '../helpers/fake-vendor.ts'
import { frontDoor } from '../helpers/front-door.ts'
import { type FakeConnection, testGateway } from '../helpers/test-gateway.ts'
import { sourceTool } from '../helpers/tools.ts'

const done: ToolResult = { content: [{ type: 'text', text: 'done' }] }
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** A server that takes so many turns of the event loop for each call. */
const slow = (turns: number): FakeConnection => ({
  tools: [sourceTool('read_note', { effect: 'read' })],
  run: async () => {
    for (let left = turns; left > 0; left--) await turn()
    return done
  },
})

/** A server that answers when it is told to. */
function held() {
  const waiting: (() => void)[] = []
  let isOpen = false
  const connection: FakeConnection = {
    tools: [sourceTool('read_note', { effect: 'read' })],
    run: async () => {
      if (!isOpen) await new Promise<void>((resolve) => void waiting.push(resolve))
      return done
    },
  }
  const open = (): void => {
    isOpen = true
    for (const go of waiting.splice(0)) go()
  }
  return { connection, open, running: () => waiting.length }
}

const AGENTS = [{ id: 'flood' }, { id: 'quiet' }]
const READ = 'conn:notes:read_note'
const codeOf = (error: unknown): string => toGatewayError(error).code

describe('one agent with 2,000 calls and another with 5', () => {
  it.each([
    ['with the usual limits', {}, 72],
    ['at a connection that takes 8 at once', { perConnection: () => ({ running: 8, waiting: 1_024 }) }, 8],
  ])('the other is served at once, %s', async (_, concurrency, together) => {
    const gateway = testGateway({ connections: { notes: slow(3) }, agents: AGENTS, concurrency })
    const ended: string[] = []
    const startedAt = performance.now()
    const spent = { flood: 0, quiet: 0 }
    const call = (agent: 'flood' | 'quiet') =>
      gateway
        .call(agent, READ)
        .then(() => {
          ended.push(agent)
          spent[agent] = performance.now() - startedAt
          return 'ok'
        })
        .catch(codeOf)
    const flood = Array.from({ length: 2_000 }, () => call('flood'))
    const quiet = Array.from({ length: 5 }, () => call('quiet'))
    expect(await Promise.all(quiet)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
    const outcomes = await Promise.all(flood)
    const served = outcomes.filter((outcome) => outcome === 'ok').length
    const behind = ended.lastIndexOf('quiet') + 1
    console.info(
      `quiet: 5 of 5 in ${spent.quiet.toFixed(1)} ms, behind ${behind - 5} calls of flood; flood: ${served} served in ${spent.flood.toFixed(1)} ms, ${outcomes.length - served} refused`,
    )
    expect(served).toBe(together + 256)
    expect(outcomes.filter((outcome) => outcome === 'overloaded')).toHaveLength(2_000 - served)
    // In the line they would be the last. In turns they come with the first: what ran before them, then one for one.
    expect(behind).toBeLessThanOrEqual(together + 5 + 5 + together)
    expect(gateway.deps.concurrency.counts()).toEqual({ connections: [], principals: 0 })
  })

  it('is told the refused why and when to come back, and every refusal is in the audit', async () => {
    const { connection, open } = held()
    const concurrency = { perPrincipal: { running: 1, waiting: 1 } }
    const gateway = testGateway({ connections: { notes: connection }, agents: AGENTS, concurrency })
    const served = [gateway.call('flood', READ), gateway.call('flood', READ)]
    await turn()
    await expect(gateway.call('flood', READ)).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringMatching(/Nothing was sent\. .* try again in 1 s\.$/),
      data: { connection: 'notes', retryAfterMs: 1_000 },
    })
    open()
    await Promise.all(served)
    expect(gateway.events.map(({ outcome, code }) => code ?? outcome)).toEqual(['overloaded', 'ok', 'ok'])
  })
})

describe('a call that waits', () => {
  const concurrency = { perConnection: () => ({ running: 1, waiting: 10 }) }
  const waitingCall = async () => {
    const { connection, open, running } = held()
    const gateway = testGateway({ connections: { notes: connection, other: slow(1) }, agents: AGENTS, concurrency })
    const first = gateway.call('flood', READ)
    await expect.poll(running).toBe(1)
    return { gateway, first, open }
  }

  it('leaves the queue when its caller goes away, and nothing is sent', async () => {
    const { gateway, first, open } = await waitingCall()
    const caller = ending()
    const leaving = gateway.call('quiet', READ, {}, { ending: caller })
    await expect.poll(() => gateway.deps.concurrency.counts().connections[0]?.waiting).toBe(1)
    caller.end('The caller went away.')
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled' })
    open()
    await first
    expect(gateway.sent).toHaveLength(1)
    expect(gateway.deps.concurrency.counts().connections).toEqual([])
  })

  it('leaves the queue when an admin stops everything', async () => {
    const { gateway, first } = await waitingCall()
    const waiting = gateway.call('quiet', READ)
    await expect.poll(() => gateway.deps.concurrency.counts().connections[0]?.waiting).toBe(1)
    gateway.freezes.set([{ scope: 'all', at: 0, by: 'root' }])
    const outcomes = await Promise.allSettled([first, waiting])
    expect(outcomes.map((one) => one.status === 'rejected' && codeOf(one.reason))).toEqual(['frozen', 'frozen'])
    expect(gateway.sent).toHaveLength(1)
  })

  it('is not sent when the policy has changed meanwhile', async () => {
    const { gateway, first, open } = await waitingCall()
    const waiting = gateway.call('quiet', READ)
    await expect.poll(() => gateway.deps.concurrency.counts().connections[0]?.waiting).toBe(1)
    gateway.swap({ policy: { rules: [{ id: 'flood-only', effect: 'allow', subjects: { agents: ['flood'] } }] } })
    open()
    await expect(waiting).rejects.toMatchObject({ code: 'tool_not_found' })
    await first
    expect(gateway.sent).toHaveLength(1)
  })

  it('is not sent when people must approve it now', async () => {
    const { gateway, first, open } = await waitingCall()
    const waiting = gateway.call('quiet', READ)
    await expect.poll(() => gateway.deps.concurrency.counts().connections[0]?.waiting).toBe(1)
    const approval = { id: 'people', effect: 'require', obligations: { approval: { approvers: ['admins'] } } }
    gateway.swap({ policy: { rules: [{ id: 'all', effect: 'allow' }, approval] } })
    open()
    await expect(waiting).rejects.toMatchObject({ code: 'denied', data: { rule: 'people' } })
    await first
    expect(gateway.sent).toHaveLength(1)
  })

  it('keeps nobody waiting who wants another connection', async () => {
    const { gateway, first, open } = await waitingCall()
    const waiting = gateway.call('quiet', READ)
    expect(await gateway.call('quiet', 'conn:other:read_note')).toEqual(done)
    open()
    await Promise.all([first, waiting])
  })
})

describe('a vendor whose quota is used up', () => {
  it('is not asked again until the reset, and its connection stays up', async () => {
    const clock = { now: Date.parse('2026-11-20T12:00:00Z') }
    const { egress } = testEgress({ clock: () => clock.now })
    onTestFinished(() => egress.close())
    const headers = { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(clock.now / 1_000 + 600) }
    const { call, connected, vendor, lost } = await openProvider(json({ id: 't1', name: 'Bolt' }, 200, headers), {
      egress,
      clock: () => clock.now,
    })
    const before = vendor.requests.length
    await call('get_thing', { id: 't1' })
    for (let count = 0; count < 20; count++) {
      await expect(call('get_thing', { id: 't1' })).rejects.toMatchObject({
        code: 'rate_limit_exceeded',
        data: { retryAfterMs: 600_000 },
      })
    }
    await connected.probe(new AbortController().signal)
    expect(vendor.requests).toHaveLength(before + 1)
    expect(lost).toEqual([])
    clock.now += 600_000
    await call('get_thing', { id: 't1' })
    expect(vendor.requests).toHaveLength(before + 2)
  })

  it('carries the trace of the call to the vendor, and no other header of the caller', async () => {
    const { connected, vendor } = await openProvider(json({ id: 't1', name: 'Bolt' }))
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const call = (meta: Record<string, string>) =>
      connected.source.callTool('get_thing', { id: 't1' }, { ...exchange(), meta })
    await call({ traceparent, authorization: 'Bearer stolen' })
    await call({ traceparent: '00-forged\r\nx-evil: 1' })
    const [first, second] = vendor.requests.slice(-2)
    expect(first?.headers['traceparent']).toBe(traceparent)
    expect(first?.headers['authorization']).not.toContain('stolen')
    expect(second?.headers['traceparent']).toBeUndefined()
  })
})

describe('over the wire', () => {
  it('a full house is an isError result for MCP and a problem with Retry-After for REST; other connections go on', async () => {
    const waiting: (() => void)[] = []
    const answer: Answer = (request, response, raw) => {
      const go = (): void => json({ ok: true })(request, response, raw)
      if (request.target.startsWith('/slow')) waiting.push(go)
      else go()
    }
    const vendor = await fakeVendor(answer)
    const service = (path: string, more: object = {}) => ({
      provider: 'http',
      baseUrl: `${vendor.url}${path}`,
      allowPrivateNetwork: true,
      auth: { method: 'none' },
      ...more,
    })
    const limits = { perConnection: { waiting: 0 } }
    const door = await frontDoor(
      { slow: service('/slow', { maxConcurrent: 1 }), quick: service('/quick') },
      undefined,
      {
        limits,
      },
    )
    onTestFinished(async () => {
      await door.close()
      await vendor[Symbol.asyncDispose]()
    })
    const key = await door.agent('ben')
    const rest = (connection: string) =>
      door.ask('POST', '/api/actions/call', {
        as: key,
        body: { actionIdentifier: `conn:${connection}:get_resource`, input: { path: '/x' } },
      })
    const mcp = async (connection: string) => {
      const body = {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: {
          name: `conn:${connection}:get_resource`,
          arguments: { path: '/x' },
          _meta: {
            'io.modelcontextprotocol/protocolVersion': '2026-07-28',
            'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
            'io.modelcontextprotocol/clientCapabilities': {},
          },
        },
      }
      const headers = {
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/call',
        'mcp-name': body.params.name,
      }
      return (await door.ask('POST', '/mcp', { as: key, body, headers })).body
    }
    const running = rest('slow')
    await expect.poll(() => waiting.length).toBe(1)
    const refused = await rest('slow')
    expect([refused.status, refused.headers.get('retry-after'), refused.body['code']]).toEqual([503, '1', 'overloaded'])
    expect(await mcp('slow')).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text', text: expect.stringContaining('The connection "slow" has too many calls at once') }],
        _meta: {
          'dev.gatehouse/code': 'overloaded',
          'dev.gatehouse/data': { connection: 'slow', retryAfterMs: 1_000 },
        },
      },
    })
    expect((await mcp('quick'))['result']).toMatchObject({ structuredContent: { body: { ok: true } } })
    for (const go of waiting) go()
    expect((await running).status).toBe(200)
  })
})
