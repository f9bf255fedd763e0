import { createHash, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fixedCredentials } from '../../../src/connections/fixed-credentials.ts'
import type { Egress } from '../../../src/egress/egress.ts'
import type { Lease } from '../../../src/kernel/credential.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import {
  apiKey,
  basic,
  bearer,
  clientCredentials,
  custom,
  none,
  oauth2,
  sigv4,
} from '../../../src/provider-kit/index.ts'
import type { AuthMethod } from '../../../src/provider-kit/index.ts'
import { signed } from '../../../src/sources/provider-signature.ts'
import { acmeWith, openProvider, type Change, type Open } from '../../helpers/acme.ts'
import { testEgress } from '../../helpers/egress.ts'
import { json, type CapturedRequest } from '../../helpers/fake-vendor.ts'
import { leaseOf, recordedCredentials } from '../../helpers/leases.ts'

const bolt = { id: 't1', name: 'Bolt' }
const urls = { authorizeUrl: 'https://acme.example/a', tokenUrl: 'https://acme.example/t' }
const AWS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' }

/** A connection by one method, with one lease. */
const openWith = (method: AuthMethod, lease: Lease, change: Change = {}): Promise<Open> =>
  openProvider(json(bolt), {
    provider: acmeWith({ auth: [method] }),
    method: method.id,
    credentials: recordedCredentials(() => [lease]).of,
    ...change,
  })

/** What reaches the vendor for `get_thing x`. */
async function sent(method: AuthMethod, lease: Lease, change?: Change): Promise<CapturedRequest> {
  const { call, vendor } = await openWith(method, lease, change)
  await call('get_thing', { id: 'x', q: 'y' })
  const last = vendor.requests.at(-1)
  if (!last) throw new Error('nothing was sent')
  return last
}

describe('a lease goes where the manifest says', () => {
  it('nowhere, for none', async () => {
    const { headers, target } = await sent(none(), leaseOf('none', {}))
    expect([headers.authorization, headers.cookie, target]).toEqual([undefined, undefined, '/v1/things/x?q=y'])
  })

  it.each<[string, AuthMethod, Lease, Partial<CapturedRequest['headers']>]>([
    ['bearer', bearer({ scheme: 'Bot' }), leaseOf('token', { token: 'tok-1' }), { authorization: 'Bot tok-1' }],
    [
      'basic',
      basic(),
      leaseOf('basic', { username: 'ann', password: 'pä:ss' }),
      { authorization: `Basic ${Buffer.from('ann:pä:ss').toString('base64')}` },
    ],
    ['a key in a header', apiKey({ header: 'X-Api-Key' }), leaseOf('key', { key: 'k1' }), { 'x-api-key': 'k1' }],
    ['a key in a cookie', apiKey({ cookie: 'sid' }), leaseOf('key', { key: 'k1=' }), { cookie: 'sid=k1=' }],
    ['OAuth', oauth2(urls), leaseOf('oauth', { access_token: 'at-1' }), { authorization: 'Bearer at-1' }],
    [
      'client credentials',
      clientCredentials({ tokenUrl: urls.tokenUrl }),
      leaseOf('client', { access_token: 'at-2' }),
      { authorization: 'Bearer at-2' },
    ],
    [
      'captured values',
      oauth2({
        ...urls,
        capture: { team: { from: 'token', at: '/team/id' } },
        inject: [
          { in: 'header', name: 'authorization', value: 'Bearer {access_token}' },
          { in: 'header', name: 'x-team', value: 'team-{team}' },
        ],
      }),
      leaseOf('oauth', { access_token: 'at-1' }, { captured: { team: 7 } }),
      { authorization: 'Bearer at-1', 'x-team': 'team-7' },
    ],
  ])('in headers: %s', async (_, method, lease, headers) => {
    expect((await sent(method, lease)).headers).toMatchObject(headers)
  })

  it('in the query, encoded', async () => {
    const { target } = await sent(apiKey({ query: 'key' }), leaseOf('key', { key: 'a b&c' }))
    expect(target).toBe('/v1/things/x?q=y&key=a+b%26c')
  })

  it('in the path, as a part of one segment', async () => {
    const { target } = await sent(apiKey({ path: 'token' }), leaseOf('key', { key: '12:a b' }), {
      prefix: '/bot{token}',
    })
    expect(target).toBe('/bot12%3Aa%20b/things/x?q=y')
  })

  it('and captured values in the address', async () => {
    const method = oauth2({ ...urls, capture: { cloudId: { from: 'token', at: '/id' } } })
    const lease = leaseOf('oauth', { access_token: 'at-1' }, { captured: { cloudId: 'c-1' } })
    const settings = z.strictObject({ site: z.string() })
    const { target } = await sent(method, lease, {
      provider: acmeWith({ auth: [method], settings }),
      settings: { site: 's1' },
      prefix: '/ex/{cloudId}/{site}',
    })
    expect(target).toBe('/ex/c-1/s1/things/x?q=y')
  })

  it('each field of its own, without those that may be left out', async () => {
    const method = custom({
      id: 'own',
      title: 'Own',
      fields: [
        { key: 'tenant', label: 'Tenant', secret: false },
        { key: 'key', label: 'Key', secret: true },
        { key: 'trace', label: 'Trace', secret: true, optional: true },
      ],
      inject: [
        { in: 'header', name: 'x-{tenant}-key', value: '{key}' },
        { in: 'query', name: 'tenant', value: '{tenant}' },
        { in: 'cookie', name: 'a', value: '{key}' },
        { in: 'cookie', name: 'b', value: '{tenant}' },
        { in: 'header', name: 'x-trace', value: '{trace}' },
      ],
    })
    const { headers, target } = await sent(method, leaseOf('own', { tenant: 't1', key: 'k1' }))
    expect([headers['x-t1-key'], headers.cookie, headers['x-trace'], target]).toEqual([
      'k1',
      'a=k1; b=t1',
      undefined,
      '/v1/things/x?q=y&tenant=t1',
    ])
    expect((await sent(method, leaseOf('own', { tenant: 't1', key: 'k1', trace: '9' }))).headers['x-trace']).toBe('9')
  })

  it('by the method of the lease, not by that of the connection', async () => {
    const { headers } = await sent(bearer(), leaseOf('key', { key: 'k1' }), {
      provider: acmeWith({ auth: [bearer(), apiKey({ header: 'x-key' })] }),
    })
    expect([headers['x-key'], headers.authorization]).toEqual(['k1', undefined])
  })

  it('and drops a cookie that an action brings', async () => {
    const { get_thing } = acmeWith({}).actions
    if (!get_thing) throw new Error('no action')
    const actions = {
      get_thing: {
        ...get_thing,
        request: async (input: unknown, settings: Record<string, unknown>) => ({
          ...(await get_thing.request(input, settings)),
          headers: { Cookie: 'sid=evil' },
        }),
      },
    }
    const provider = acmeWith({ auth: [apiKey({ cookie: 'sid' })], actions })
    expect((await sent(bearer(), leaseOf('key', { key: 'k1' }), { provider, method: 'key' })).headers.cookie).toBe(
      'sid=k1',
    )
  })

  it.each<[string, AuthMethod, Lease, string, RegExp, Change?]>([
    ['a field', bearer(), leaseOf('token', {}), 'connection_unusable', /has no Token \("token"\)/],
    ['a token', oauth2(urls), leaseOf('oauth', {}), 'connection_unusable', /has no access_token/],
    ['a key', sigv4({ service: 's3', region: 'x' }), leaseOf('aws', {}), 'connection_unusable', /has no accessKeyId/],
    [
      'a captured value',
      oauth2({ ...urls, capture: { cloudId: { from: 'token', at: '/id' } } }),
      leaseOf('oauth', { access_token: 'a' }),
      'connection_unusable',
      /needs "cloudId", which is not known\. Connect the account again/,
      { prefix: '/{cloudId}' },
    ],
    ['a method', bearer(), leaseOf('gone', {}), 'config_invalid', /no way to sign in called "gone"/],
    ['a cookie', apiKey({ cookie: 'a' }), leaseOf('key', { key: 'a;b' }), 'invalid_credential', /as a cookie/],
  ])('and sends nothing when it lacks %s', async (...[, method, lease, code, words, change]) => {
    const asked: string[] = []
    const { egress } = testEgress()
    const request: Egress['request'] = (each) => {
      asked.push(each.url.href)
      return egress.request(each)
    }
    const opening = openWith(method, lease, { ...change, egress: { ...egress, request } })
    await expect(opening).rejects.toMatchObject({ code, message: expect.stringMatching(words) as string })
    expect(asked).toEqual([])
  })

  it('and asks for the setting that its address needs', async () => {
    const provider = acmeWith({ settings: z.strictObject({ site: z.string().optional() }) })
    await expect(openProvider(json(bolt), { provider, prefix: '/{site}' })).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/The address needs "site", which is not known\.$/) as string,
    })
  })
})

describe('whatever a credential holds', () => {
  const EVERYWHERE = custom({
    id: 'own',
    title: 'Own',
    fields: ['header', 'query', 'cookie', 'path'].map((key) => ({ key, label: key, secret: true })),
    inject: [
      { in: 'header', name: 'x-key', value: '{header}' },
      { in: 'query', name: 'key', value: '{query}' },
      { in: 'cookie', name: 'sid', value: '{cookie}' },
      { in: 'path', name: 'part', value: '{path}' },
    ],
  })
  const hostile = fc.constantFrom('..', '../x', 'a/b', '%2e%2e', '\r\nx-evil: 1', 'a; b=c', '?x', '#y', '@evil.example')
  const harmless = { weight: 4, arbitrary: fc.constant('a') }
  const value = fc.oneof(harmless, fc.string({ minLength: 1 }), fc.string({ unit: 'binary', minLength: 1 }), hostile)

  it('the request stays at its address with its own headers, or is not sent', async () => {
    let fields: Record<string, string> = { header: 'a', query: 'a', cookie: 'a', path: 'a' }
    const credentials = () => ({ ...NEVER_RENEWED, lease: async () => leaseOf('own', fields) })
    const { call, vendor } = await openWith(EVERYWHERE, leaseOf('own', fields), { credentials, prefix: '/v1/{part}' })
    const known = new Set(Object.keys(vendor.requests[0]?.headers ?? {}))
    await fc.assert(
      fc.asyncProperty(value, value, value, value, async (header, query, cookie, part) => {
        fields = { header, query, cookie, path: part }
        const before = vendor.requests.length
        const failure = await call('get_thing', { id: 'x' }).catch((error: unknown) => error)
        const sent = vendor.requests.slice(before)
        if (failure instanceof Error) expect([failure instanceof GatewayError, sent]).toEqual([true, []])
        for (const { target, headers } of sent) {
          const [pathname = '', search = ''] = target.split('?')
          expect(pathname.split('/').map(decodeURIComponent)).toEqual(['', 'v1', part, 'things', 'x'])
          expect([...new URLSearchParams(search)]).toEqual([['key', Buffer.from(query).toString()]])
          expect(headers.cookie).toBe(`sid=${cookie}`)
          expect(Object.keys(headers).filter((name) => !known.has(name))).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
    expect(vendor.requests.length).toBeGreaterThan(10)
  })
})

const NEVER_RENEWED = { renew: async () => undefined, report: async () => undefined }

describe('AWS Signature Version 4', () => {
  const SPEC = { service: 'service', region: 'us-east-1' }
  const CLOCK = (): number => Date.UTC(2015, 7, 30, 12, 36)
  const TOKEN =
    'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=='

  // https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html
  it.each<[string, 'GET' | 'POST', string, Record<string, string>, string]>([
    ['get-vanilla', 'GET', '/', {}, '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      {},
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    ['post-vanilla', 'POST', '/', {}, '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-sts-header-before',
      'POST',
      '/',
      { sessionToken: TOKEN },
      '85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
    ],
  ])("gives the signature of AWS's own %s", async (_, method, target, more, signature) => {
    const url = new URL(target, 'https://example.amazonaws.com')
    const lease = leaseOf('aws', { ...AWS, ...more })
    const { headers } = await signed({ url, method, headers: {}, body: undefined }, SPEC, lease, {}, CLOCK)
    expect(headers['authorization']?.split('Signature=')[1]).toBe(signature)
  })

  it.each<[string, 'service' | 's3', Record<string, unknown>]>([
    [
      'a query with spaces, signs and repetition',
      'service',
      { id: 'a b', q: "x + y & z!'()*~", tags: ['2', '1', '1'] },
    ],
    ['a path in Unicode', 'service', { id: 'Ä-€' }],
    ['a key of S3', 's3', { id: 'a b', file: 'x/y+z(1).txt', q: 'p q' }],
  ])('is right for what really leaves: %s', async (_, service, input) => {
    const { call, vendor } = await openSigned(service)
    await call('get_thing', input as never)
    for (const request of vendor.requests) expect(signatureOf(request)).toBe(expectedSignature(request, service))
  })

  it.each(['service', 's3'] as const)('covers the body: %s', async (service) => {
    const { call, vendor } = await openSigned(service)
    await call('create_thing', { name: 'Bölt & Sons' })
    const request = vendor.requests.at(-1)
    if (!request) throw new Error('nothing was sent')
    expect(signatureOf(request)).toBe(expectedSignature(request, service))
    expect(expectedSignature({ ...request, body: `${request.body} ` }, service)).not.toBe(signatureOf(request))
    expect(request.headers['x-amz-content-sha256']).toBe(service === 's3' ? sha256(request.body) : undefined)
  })

  it('takes its region from the settings and its time from the clock', async () => {
    const { vendor } = await openSigned('service', { settings: { region: 'ap-south-1' }, clock: CLOCK })
    expect(vendor.requests[0]?.headers.authorization).toContain('AKIDEXAMPLE/20150830/ap-south-1/service/aws4_request')
    expect(vendor.requests[0]?.headers['x-amz-date']).toBe('20150830T123600Z')
  })

  it.each(['', 'eu west', 'EU', '../x'])('is not made for the region %j', async (region) => {
    await expect(openSigned('service', { settings: { region } })).rejects.toMatchObject({ code: 'config_invalid' })
  })

  const openSigned = (service: string, change: Change = {}): Promise<Open> => {
    const method = sigv4({ service, region: '{region}' })
    const settings = z.strictObject({ region: z.string() })
    return openWith(method, leaseOf('aws', AWS), {
      provider: acmeWith({ auth: [method], settings }),
      settings: { region: 'us-east-1' },
      clock: () => Date.UTC(2026, 10, 21),
      ...change,
    })
  }

  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const encode = (text: string): string =>
    encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)
  const signatureOf = ({ headers }: CapturedRequest): string | undefined =>
    headers.authorization?.split('Signature=')[1]

  /** What AWS would compute of the request as it arrived. */
  function expectedSignature({ method, target, headers, body }: CapturedRequest, service: string): string {
    const [pathname = '', query = ''] = target.split('?')
    const [, credential = '', signedHeaders = ''] =
      /Credential=[^/]+\/([^,]+), SignedHeaders=([^,]+)/.exec(headers.authorization ?? '') ?? []
    const segments = pathname.split('/').map((segment) => encode(decodeURIComponent(segment)))
    const canonical = [
      method,
      (service === 's3' ? segments : segments.map(encode)).join('/'),
      query
        .split('&')
        .filter(Boolean)
        .map((pair) => pair.split('=').map((part) => encode(decodeURIComponent(part))))
        .toSorted(([a = '', b = ''], [c = '', d = '']) => (a === c ? Number(b > d) - Number(b < d) : a > c ? 1 : -1))
        .map((pair) => pair.join('='))
        .join('&'),
      ...signedHeaders.split(';').map((name) => `${name}:${String(headers[name])}`),
      '',
      signedHeaders,
      sha256(body),
    ].join('\n')
    const key = credential.split('/').reduce<string | Buffer>(hmac, `AWS4${AWS.secretAccessKey}`)
    const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], credential, sha256(canonical)].join('\n')
    return hmac(key, text).toString('hex')
  }
})

describe('a credential that stands in the configuration', () => {
  const signal = new AbortController().signal

  it('is the same for everybody and never renewed', async () => {
    const { fields } = leaseOf('token', { token: 'tok-1' })
    const of = fixedCredentials({ method: bearer(), fields })
    const lease = await of('shared').lease(signal)
    expect(lease).toMatchObject({ method: 'token', captured: {} })
    expect((await of({ user: 'ann' }).lease(signal)).fields['token']?.reveal()).toBe('tok-1')
    expect(await of('shared').renew(lease, signal)).toBeUndefined()
    await expect(of('shared').report(lease, 'x')).resolves.toBeUndefined()
  })

  it('cannot be a sign-in', async () => {
    const { fields } = leaseOf('oauth', { client_id: 'id', client_secret: 'secret' })
    await expect(fixedCredentials({ method: oauth2(urls), fields })('shared').lease(signal)).rejects.toMatchObject({
      code: 'connect_required',
    })
  })
})
