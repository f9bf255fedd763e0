import { describe, expect, it } from 'vitest'
import http from '../../../providers/http/index.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { openProvider } from '../../helpers/acme.ts'
import { json } from '../../helpers/fake-vendor.ts'
import type { Answer } from '../../helpers/fake-vendor.ts'

const open = (answer: Answer = json({ ok: 1 }), settings: JsonObject = {}) =>
  openProvider(answer, { provider: http, method: 'none', fields: {}, settings })
const ALL = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']

describe('the generic HTTP provider', () => {
  it('reads JSON below its base URL and gives back what a model can use', async () => {
    const { call, vendor } = await open(json([{ a: 1 }], 200, { etag: '"1"', 'set-cookie': 'session=1' }))
    const { structuredContent } = await call('get_resource', {
      path: '/a b/c',
      query: { q: 'x y', tag: ['1', 2], on: true },
    })
    expect(structuredContent).toEqual({
      status: 200,
      headers: { 'content-type': 'application/json', etag: '"1"' },
      body: [{ a: 1 }],
    })
    expect(vendor.requests.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'GET /v1/a%20b/c?q=x+y&tag=1&tag=2&on=true',
    ])
  })

  it('keeps a slash at the end, and the root', async () => {
    const { call, vendor } = await open()
    await call('get_resource', { path: '/a/' })
    await call('get_resource', { path: '/' })
    expect(vendor.requests.map((request) => request.target)).toEqual(['/v1/a/', '/v1/'])
  })

  it('reads headers alone', async () => {
    const { call } = await open(json({}))
    expect((await call('get_resource', { path: '/', method: 'HEAD' })).structuredContent).toMatchObject({
      status: 200,
      body: null,
    })
  })

  it('gives text as it is, cut at 100,000 characters', async () => {
    const { call } = await open((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/plain' }).end('x'.repeat(100_001))
    })
    const { structuredContent } = await call('get_resource', { path: '/' })
    expect(structuredContent).toMatchObject({ body: 'x'.repeat(100_000), truncated: true })
  })

  it('writes only when the connection allows it', async () => {
    const reading = await open()
    await expect(reading.call('send_request', { method: 'POST', path: '/x', json: {} })).rejects.toThrow(
      'POST is not allowed on this connection. Allowed: GET, HEAD.',
    )
    await expect(reading.call('delete_resource', { path: '/x' })).rejects.toMatchObject({ code: 'invalid_input' })
    expect(reading.vendor.requests).toEqual([])
  })

  it('writes JSON and text, and deletes', async () => {
    const { call, vendor } = await open(json({}), { methods: ALL, headers: { 'X-Tenant': 't1' } })
    await call('send_request', { method: 'PUT', path: '/x', json: { a: [1] } })
    await call('send_request', {
      method: 'POST',
      path: '/x',
      text: 'a=1',
      contentType: 'application/x-www-form-urlencoded',
    })
    await call('send_request', { method: 'PATCH', path: '/x' })
    await call('delete_resource', { path: '/x' })
    expect(
      vendor.requests.map(({ method, body, headers }) => [method, body, headers['content-type'], headers['x-tenant']]),
    ).toEqual([
      ['PUT', '{"a":[1]}', 'application/json', 't1'],
      ['POST', 'a=1', 'application/x-www-form-urlencoded', 't1'],
      ['PATCH', '', undefined, 't1'],
      ['DELETE', '', undefined, 't1'],
    ])
  })

  it('stays under the paths that are allowed, by whole segments', async () => {
    const { call, vendor } = await open(json({}), { allowedPaths: ['/public', '/users/'] })
    for (const path of ['/public', '/public/a', '/users/1']) await call('get_resource', { path })
    const refused = [
      '/',
      '/publicity',
      '/private',
      '/public/../private',
      '/public/%2e%2e/private',
      '/public//x',
      '/PUBLIC',
      '/public\\..\\x',
    ]
    for (const path of refused) {
      await expect(call('get_resource', { path }), path).rejects.toMatchObject({ code: 'invalid_input' })
    }
    expect(vendor.requests).toHaveLength(3)
  })

  it("refuses a content type that would be two headers, and the client's own headers", async () => {
    const { call, vendor } = await open(json({}), { methods: ALL })
    await expect(
      call('send_request', { method: 'POST', path: '/x', text: 'a', contentType: 'text/plain\r\nx-evil: 1' }),
    ).rejects.toMatchObject({ code: 'invalid_input' })
    const other = await open(json({}), { headers: { Host: 'evil.example' } })
    await expect(other.call('get_resource', { path: '/' })).rejects.toMatchObject({ code: 'invalid_input' })
    expect([...vendor.requests, ...other.vendor.requests]).toEqual([])
  })

  it('sends a key in the header that the admin names', async () => {
    const { call, vendor } = await openProvider(json({}), {
      provider: http,
      method: 'header',
      fields: { header: new Secret('X-Api-Key'), key: new Secret('k-123') },
    })
    await call('get_resource', { path: '/' })
    expect(vendor.requests[0]?.headers['x-api-key']).toBe('k-123')
  })

  const opened = async (method: string, fields: Readonly<Record<string, string>>, change: object = {}) => {
    const secret = Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, new Secret(value)]))
    const { call, vendor } = await openProvider(json({}), { provider: http, method, fields: secret, ...change })
    await call('get_resource', { path: '/x', query: { q: '1' } })
    return vendor.requests[0]
  }

  it('sends a key in the query, a cookie or the path, and two headers together', async () => {
    const query = await opened('query', { parameter: 'api_key', key: 'k&1=2' })
    expect(query?.target).toBe('/v1/x?q=1&api_key=k%261%3D2')
    const cookie = await opened('cookie', { cookie: 'session', key: 'k-123' })
    expect([cookie?.target, cookie?.headers.cookie]).toEqual(['/v1/x?q=1', 'session=k-123'])
    const inPath = await opened('path', { key: '1:k/2' }, { prefix: '/bot{key}' }).catch((error: unknown) => error)
    expect(inPath).toMatchObject({ code: 'connection_unusable' })
    expect((await opened('path', { key: '1:k-2' }, { prefix: '/bot{key}' }))?.target).toBe('/bot1%3Ak-2/x?q=1')
    const pair = { idHeader: 'X-Account', idValue: 'a-1', keyHeader: 'X-Key', keyValue: 'k-1' }
    expect((await opened('headers', pair))?.headers).toMatchObject({ 'x-account': 'a-1', 'x-key': 'k-1' })
  })

  it('signs for AWS in the region of its settings', async () => {
    const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
    const signed = await opened('aws', keys, { settings: { region: 'eu-central-1' } })
    expect(signed?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE\/\d{8}\/eu-central-1\/execute-api\/aws4_request, /,
    )
    await expect(opened('aws', keys)).rejects.toMatchObject({
      code: expect.stringMatching(/config_invalid|connection_unusable/),
    })
  })

  it('says what the service said when it refuses', async () => {
    const { call } = await open(json({ error: { message: 'No such user' } }, 404))
    await expect(call('get_resource', { path: '/users/9' })).rejects.toThrow('HTTP API did not find it: No such user.')
  })
})
