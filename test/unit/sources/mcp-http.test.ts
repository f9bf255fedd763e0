import { ending } from '../../../src/kernel/ending.ts'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { z } from 'zod'
import { Secret } from '../../../src/kernel/secret.ts'
import { answering, legacyHttp, legacySse, modernHttp, type HttpFake } from '../../fakes/downstream/http-servers.ts'
import { connect, http, mcpDeps, namesOf, textOf } from './mcp-fixture.ts'

async function running<T extends HttpFake>(fake: Promise<T>): Promise<T> {
  const server = await fake
  onTestFinished(() => server.close())
  return server
}

/** A v1 SDK server that counts its calls. */
function counting(calls: string[]): () => McpServer {
  return () => {
    const server = new McpServer({ name: 'counter', version: '1.0.0' })
    for (const [name, readOnlyHint] of [
      ['read', true],
      ['write', false],
    ] as const) {
      server.registerTool(name, { inputSchema: { to: z.string().optional() }, annotations: { readOnlyHint } }, () => {
        calls.push(name)
        return { content: [{ type: 'text' as const, text: `${name} ${calls.length}` }] }
      })
    }
    server.registerTool('grow', {}, () => {
      server.registerTool(`extra_${calls.length}`, {}, () => ({ content: [] }))
      return { content: [] }
    })
    return server
  }
}

describe('an MCP connection over Streamable HTTP', () => {
  it('speaks the legacy era with headers from secrets, and ends its session', async () => {
    const fake = await running(legacyHttp(counting([])))
    const headers = { authorization: new Secret('Bearer t0ken'), 'x-team': 'blue' }
    const { tools, call, probe, close } = await connect(http(fake.url, { headers }))
    expect(namesOf(tools)).toEqual(['read', 'write', 'grow'])
    expect(textOf(await call('write'))).toBe('write 1')
    await probe()
    expect(fake.requests.every((request) => request.headers.authorization === 'Bearer t0ken')).toBe(true)
    await close()
    expect(fake.sessions()).toBe(0)
  })

  it('hears of a changed list', async () => {
    const fake = await running(legacyHttp(counting([])))
    const { call, lists } = await connect(http(fake.url))
    await vi.waitFor(() => expect(fake.requests.map(({ method }) => method)).toContain('GET'), { timeout: 10_000 })
    await call('grow')
    await vi.waitFor(() => expect(namesOf(lists.at(-1) ?? [])).toContain('extra_0'), { timeout: 10_000 })
  })

  it('starts a new session when the server forgot the old one, and repeats what may be repeated', async () => {
    const calls: string[] = []
    const fake = await running(legacyHttp(counting(calls)))
    const { call, losses, lists } = await connect(http(fake.url), { trustAnnotations: true })
    fake.forget()
    const answers = await Promise.all([call('read'), call('read')])
    expect(answers.map(textOf).toSorted()).toEqual(['read 1', 'read 2'])
    fake.forget()
    await expect(call('write')).rejects.toThrow('did not repeat the call; call again')
    expect(textOf(await call('write'))).toBe('write 3')
    expect(calls).toEqual(['read', 'read', 'write'])
    expect(losses).toEqual([])
    expect(lists).toHaveLength(2)
    expect(fake.sessions()).toBe(1)
  })

  it('falls back to SSE for a server that knows nothing newer, unless told not to', async () => {
    const fake = await running(legacySse(counting([])))
    const { call } = await connect(http(fake.url))
    expect(textOf(await call('read'))).toBe('read 1')
    await expect(connect(http(fake.url, { fallbackToSse: false }))).rejects.toMatchObject({ code: 'upstream_refused' })
    const direct = await connect({ ...http(fake.url), kind: 'sse' } as ReturnType<typeof http>)
    expect(textOf(await direct.call('read'))).toBe('read 2')
  })

  it('notices when an SSE stream breaks', async () => {
    const fake = await running(legacySse(counting([])))
    const { losses } = await connect(http(fake.url))
    await fake.close()
    await vi.waitFor(() => expect(losses).toHaveLength(1), { timeout: 10_000 })
  })

  it('speaks the modern era: arguments in headers, no session, progress, changes, cancellation', async () => {
    const fake = await running(modernHttp())
    const { tools, problems, call, lists, probe } = await connect(http(fake.url))
    expect(namesOf(tools)).toEqual(['echo', 'slow', 'hang', 'ask', 'grow'])
    expect(problems()).toEqual([
      '"bad_header" is not offered: its x-mcp-header "N" is not on a string, integer or boolean',
    ])
    const result = await call('echo', { region: 'Zürich' }, { meta: { traceparent: '00-1' } })
    expect(result).toMatchObject({ structuredContent: { meta: { traceparent: '00-1' } }, 'x-result': true })
    expect(result).not.toHaveProperty('resultType')
    expect(result).not.toHaveProperty('_meta')
    expect(fake.requests.at(-1)?.headers).toMatchObject({
      'mcp-method': 'tools/call',
      'mcp-name': 'echo',
      'mcp-param-region': `=?base64?${Buffer.from('Zürich').toString('base64')}?=`,
    })
    const onProgress = vi.fn()
    await call('slow', {}, { onProgress })
    expect(onProgress).toHaveBeenCalledTimes(2)
    const caller = ending()
    const hanging = call('hang', {}, { ending: caller })
    await vi.waitFor(() => expect(fake.requests.at(-1)?.headers['mcp-name']).toBe('hang'), { timeout: 10_000 })
    caller.end('The caller went away.')
    await expect(hanging).rejects.toMatchObject({ code: 'cancelled' })
    await vi.waitFor(() => expect(fake.state.aborted).toBe(1), { timeout: 10_000 })
    await probe()
    await call('grow')
    await vi.waitFor(() => expect(namesOf(lists.at(-1) ?? [])).toContain('extra_0'), { timeout: 10_000 })
  })

  it.each([
    [401, { code: 'connection_unusable', data: { reauth: true } }],
    [403, { code: 'connection_unusable', data: { reauth: true } }],
    [404, { code: 'upstream_refused' }],
    [429, { code: 'rate_limit_exceeded' }],
    [500, { code: 'upstream_failed' }],
  ])('says what an HTTP %i means', async (status, expected) => {
    const fake = await running(answering((_request, response) => void response.writeHead(status).end('secret body')))
    const refusal = await connect(http(fake.url, { fallbackToSse: false })).catch((error: unknown) => error)
    expect(refusal).toMatchObject(expected)
    expect(String(refusal)).not.toContain('secret body')
  })

  it('says when the answer is a web page', async () => {
    const page = answering(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    )
    await expect(connect(http((await running(page)).url))).rejects.toMatchObject({ code: 'upstream_invalid' })
  })

  it('says when nothing listens, and when the address is not allowed', async () => {
    const fake = await running(legacyHttp(counting([])))
    await expect(connect(http(fake.url, { allowPrivateNetwork: false }))).rejects.toMatchObject({
      code: 'egress_blocked',
    })
    await fake.close()
    await expect(connect(http(fake.url))).rejects.toThrow('refused the connection')
  })

  it('does not show the value of a header that HTTP forbids', async () => {
    const headers = { authorization: new Secret('Bearer a\r\nb') }
    const refusal = await connect(http(new URL('http://127.0.0.1:1/mcp'), { headers })).catch((error: unknown) => error)
    expect(String(refusal)).toContain('The header "authorization" has characters')
    expect(String(refusal)).not.toContain('Bearer')
  })

  it('gives up on a server that accepts and never answers', async () => {
    const fake = await running(answering(() => undefined))
    await expect(connect(http(fake.url), { timeouts: { connectMs: 300 } })).rejects.toMatchObject({
      code: 'upstream_timeout',
    })
  })

  it('tells at once when the server ends the stream in the middle of a call', async () => {
    const fake = await running(modernHttp())
    const { call } = await connect(http(fake.url))
    const hanging = call('hang', {}, { onProgress: () => undefined })
    await vi.waitFor(() => expect(fake.requests.at(-1)?.headers['mcp-name']).toBe('hang'), { timeout: 10_000 })
    await fake.close()
    await expect(hanging).rejects.toMatchObject({ code: 'upstream_failed' })
  })

  it('remembers the era, so that a legacy server is probed once', async () => {
    const fake = await running(legacyHttp(counting([])))
    const deps = mcpDeps()
    const probes = (): number =>
      fake.requests.filter(({ headers }) => headers['mcp-method'] === 'server/discover').length
    await connect(http(fake.url), {}, deps)
    await connect(http(fake.url), {}, deps)
    expect(probes()).toBe(1)
    await connect(http(fake.url), {}, { ...deps, clock: () => Date.now() + 25 * 3_600_000 })
    expect(probes()).toBe(2)
  })
})
