import type { IncomingMessage, ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { memoryVerdicts, type Verdict } from '../../../src/sources/verdicts.ts'
import { answering } from '../../fakes/downstream/http-servers.ts'
import { wholeServer, type WholeKind } from '../../fakes/downstream/whole.ts'
import { mute } from './callers.ts'
import { connect, http, mcpDeps, namesOf, textOf } from './mcp-fixture.ts'

async function reachable(kind: WholeKind) {
  const server = await wholeServer(kind)
  onTestFinished(() => server.close())
  return server
}

const DAY_MS = 24 * 3_600_000

describe('the eras of a server', () => {
  it.each([
    ['http dual', ['modern', 'legacy']],
    ['http modern', ['modern']],
  ] as const)('are remembered once a caller of the other one came: %s', async (kind, eras) => {
    const { transport, http: fake } = await reachable(kind)
    const verdicts = memoryVerdicts()
    const deps = mcpDeps({ verdicts })
    const tries = () => fake?.requests.filter(({ headers }) => headers['mcp-protocol-version'] === undefined).length
    const first = await connect(transport, {}, deps)
    expect(await verdicts.get('fake')).toMatchObject({ era: 'modern' })
    await Promise.all([first.call('era', {}, mute('legacy')), first.call('era', {}, mute('legacy'))])
    expect(await verdicts.get('fake')).toMatchObject({ era: 'modern', eras })
    await first.close()
    const before = tries()
    const second = await connect(transport, {}, deps)
    expect(textOf(await second.call('era', {}, mute('legacy')))).toBe(eras.at(-1))
    expect((tries() ?? 0) - (before ?? 0)).toBe(eras.length - 1)
  })

  it('are asked for again after a day', async () => {
    const { transport, modern } = await reachable('http dual')
    const verdicts = memoryVerdicts()
    let now = Date.now()
    const deps = mcpDeps({ verdicts, clock: () => now })
    const first = await connect(transport, {}, deps)
    const { endpoint } = (await verdicts.get('fake')) as Verdict
    await verdicts.set('fake', { era: 'modern', eras: ['modern'], at: now, endpoint })
    expect(textOf(await first.call('era', {}, mute('legacy')))).toBe('modern')
    now += DAY_MS + 1
    expect(textOf(await first.call('era', {}, mute('legacy')))).toBe('legacy')
    expect(modern?.aborted).toBe(0)
  })

  it('grow the capabilities when the other one has more', async () => {
    const { transport } = await reachable('http dual')
    const { connected, call, featureLists } = await connect(transport)
    await call('era', {}, mute('legacy'))
    expect(connected.capabilities).toMatchObject({ tools: {}, resources: {}, logging: {} })
    expect(featureLists).toHaveLength(1)
  })
})

describe('a server that offers subscriptions to its legacy clients only', () => {
  it('is subscribed to over the line of that era', async () => {
    const { transport, modern } = await reachable('http dual')
    if (modern) modern.isShy = true
    const { connected, request, call, updates, probe } = await connect(transport)
    expect(connected.capabilities).toEqual({ tools: {}, resources: { listChanged: true }, prompts: {} })
    await request('resources/subscribe', { uri: 'fake://note' })
    expect(connected.capabilities).toMatchObject({ completions: {}, resources: { listChanged: true, subscribe: true } })
    await vi.waitFor(
      async () => {
        await call('touch', {}, mute('legacy'))
        expect(updates).toContain('fake://note')
      },
      { timeout: 10_000 },
    )
    await probe()
    expect(await request('resources/unsubscribe', { uri: 'fake://note' })).toEqual({})
    const heard = updates.length
    await call('touch', {}, mute('legacy'))
    await request('resources/read', { uri: 'fake://note' })
    expect(updates).toHaveLength(heard)
  })

  it('is not subscribed to when it speaks one era', async () => {
    const { transport, modern } = await reachable('http modern')
    if (modern) modern.isShy = true
    const { request } = await connect(transport)
    await expect(request('resources/subscribe', { uri: 'fake://note' })).rejects.toMatchObject({
      code: 'upstream_refused',
    })
  })
})

/** A modern server that knows two methods, and not `server/discover`. */
async function narrow(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { id, method } = (await json(request)) as { id: number; method: string }
  const results: Record<string, object> = {
    'tools/list': { tools: [{ name: 'one', inputSchema: { type: 'object' } }], ttlMs: 0, cacheScope: 'private' },
    'tools/call': { content: [{ type: 'text', text: 'called' }] },
  }
  const result = results[method]
  const answer = result ? { result: { resultType: 'complete', ...result } } : { error: { code: -32601, message: 'no' } }
  response.writeHead(result ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
}

describe('a forced era', () => {
  it('makes a server modern that has no server/discover', async () => {
    const fake = await answering((request, response) => void narrow(request, response))
    onTestFinished(() => fake.close())
    const verdicts = memoryVerdicts()
    const { tools, call, probe, problems } = await connect(http(fake.url), { era: 'modern' }, mcpDeps({ verdicts }))
    expect(namesOf(tools)).toEqual(['one'])
    expect(textOf(await call('one', {}, mute('legacy')))).toBe('called')
    await probe()
    expect(problems()).toEqual([])
    expect(fake.requests.filter(({ headers }) => headers['mcp-method'] === 'initialize')).toEqual([])
    expect(await verdicts.get('fake')).toBeUndefined()
  })

  it('keeps a server legacy that speaks both', async () => {
    const { transport } = await reachable('http dual')
    const { call } = await connect(transport, { era: 'legacy' })
    expect(textOf(await call('era', {}, mute('modern')))).toBe('legacy')
  })
})
