import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Edge, ENVELOPE, postModern, post, startEdge } from '../../interop/fixture.ts'

const LIST = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: ENVELOPE } }
const MODERN = { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/list' }

/** A request whose Host header is what the test says; fetch would not send it. */
const withHost = (edge: Edge, host: string): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    const options = {
      port: edge.port,
      host: '127.0.0.1',
      path: '/mcp',
      method: 'POST',
      agent: false as const,
      headers: { ...MODERN, host, authorization: 'Bearer ann', 'content-type': 'application/json' },
    }
    httpRequest(options, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end(JSON.stringify(LIST))
  })

describe('the HTTP application', () => {
  let edge: Edge
  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${edge.url}${path}`, { headers })

  beforeAll(async () => {
    edge = await startEdge()
  })
  afterAll(() => edge.close())

  it.each([
    ['127.0.0.1', true],
    ['localhost:1234', true],
    ['LOCALHOST', true],
    ['localhost.', true],
    ['[::1]:80', true],
    ['evil.example', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example', false],
    ['localhost@evil.example', false],
    ['evil.example#localhost', false],
    ['127.0.0.2', false],
    ['2130706433', false],
    ['0x7f.1', false],
    ['127.1', false],
    ['[::ffff:127.0.0.1]', false],
    ['169.254.169.254', false],
    ['localhost, evil.example', false],
  ])('answers to the Host %s: %s', async (host, answered) => {
    // the request is a modern one that is complete; Node itself refuses some spellings with 400
    expect(answered ? [200] : [400, 403]).toContain(await withHost(edge, host))
  })

  it.each([
    ['https://evil.example', 403],
    ['null', 403],
    ['http://localhost.evil.example', 403],
    ['http://localhost:1', 403],
    ['https://127.0.0.1', 403],
    ['http://127.0.0.1:PORT@evil.example', 403],
    ['http://127.0.0.1:PORT', 200],
    ['http://localhost:PORT', 200],
  ])('lets a web page of %s call: %i', async (origin, status) => {
    const headers = { origin: origin.replace('PORT', String(edge.port)) }
    const response = await postModern(edge, 'tools/list', {}, { headers })
    expect(response.status).toBe(status)
    if (status === 403) expect(await response.json()).toMatchObject({ code: 'forbidden', status: 403 })
    else await response.text()
  })

  it('asks who it is, and says where to get a token', async () => {
    const response = await fetch(edge.endpoint, { method: 'POST', body: 'not even JSON' })
    expect(response.status).toBe(401)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer realm="gatehouse", scope="tools", resource_metadata="http://127.0.0.1/.well-known/oauth-protected-resource/mcp"',
    )
    expect(await response.json()).toMatchObject({
      type: 'urn:gatehouse:problem:unauthenticated',
      title: 'Authentication required',
      status: 401,
      detail: 'Send an API key.',
      instance: expect.stringMatching(/^urn:gatehouse:request:id-/),
    })
  })

  it('says which scope a token lacks', async () => {
    const response = await post(edge, LIST, { agent: 'poor' })
    expect(response.status).toBe(403)
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    await response.text()
  })

  it.each(['/.well-known/oauth-protected-resource', '/.well-known/oauth-protected-resource/mcp'])(
    'describes the protected resource at %s',
    async (path) => {
      expect(await (await get(path)).json()).toEqual({ resource: 'http://127.0.0.1/mcp' })
    },
  )

  it('tells orchestrators whether it lives and is ready, under any name', async () => {
    const health = async (path: string) => {
      const response = await get(path)
      return [response.status, await response.json()]
    }
    expect(await health('/livez')).toEqual([200, { status: 'ok' }])
    expect(await health('/readyz')).toEqual([200, { status: 'ok' }])
    edge.setNotReady('the configuration is being read')
    expect(await health('/readyz')).toEqual([503, { status: 'unavailable', reason: 'the configuration is being read' }])
    expect(await health('/livez')).toEqual([200, { status: 'ok' }])
    edge.setNotReady(undefined)
  })

  it('knows nothing else, and says so as a problem', async () => {
    const response = await get('/nothing')
    expect([response.status, await response.json()]).toEqual([
      404,
      expect.objectContaining({ code: 'not_found', detail: 'There is no GET /nothing.' }),
    ])
  })

  it('gives every answer its id and headers that keep browsers out', async () => {
    for (const response of [await get('/livez'), await get('/nothing'), await postModern(edge, 'tools/list')]) {
      const { headers } = response
      expect(headers.get('x-request-id')).toMatch(/^id-\d+$/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('cache-control')).toBe('no-store')
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      await response.text()
    }
  })
})
