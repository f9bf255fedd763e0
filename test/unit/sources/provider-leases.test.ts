import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { CredentialOwnership, Lease, Subject } from '../../../src/kernel/credential.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { apiKey, basic, bearer, custom, oauth2, sigv4 } from '../../../src/provider-kit/index.ts'
import type { AuthMethod } from '../../../src/provider-kit/index.ts'
import { acme, acmeWith, openProvider, type Change, type Open } from '../../helpers/acme.ts'
import { json, type Answer, type CapturedRequest } from '../../helpers/fake-vendor.ts'
import { leaseOf, recordedCredentials, type RecordedCredentials } from '../../helpers/leases.ts'

const bolt = { id: 't1', name: 'Bolt' }
const grant = oauth2({ authorizeUrl: 'https://acme.example/a', tokenUrl: 'https://acme.example/t' })
const token = (value: string, more: Partial<Lease> = {}): Lease =>
  leaseOf('oauth', { access_token: value }, { generation: value, ...more })

/** A service that takes only these tokens. */
const taking =
  (...tokens: readonly string[]): Answer =>
  (request, response, raw) => {
    const isGood = tokens.some((each) => request.headers.authorization === `Bearer ${each}`)
    json(isGood ? bolt : { message: 'Token expired' }, isGood ? 200 : 401)(request, response, raw)
  }

interface OpenLeased extends Open {
  readonly credentials: RecordedCredentials
}

async function open(
  answer: Answer,
  leases: (subject: Subject) => readonly Lease[],
  ownership: CredentialOwnership = 'shared',
  change: Change = {},
): Promise<OpenLeased> {
  const credentials = recordedCredentials(leases)
  const opened = await openProvider(answer, {
    provider: acmeWith({ auth: [grant, bearer()], actions: acme.actions }),
    method: 'oauth',
    credentials: credentials.of,
    ownership,
    ...change,
  })
  return { ...opened, credentials }
}

const things = (requests: readonly CapturedRequest[]): readonly (string | undefined)[] =>
  requests.filter(({ target }) => target.includes('/things')).map(({ headers }) => headers.authorization)

describe('a credential that the vendor refuses', () => {
  it.each<[string, JsonObject]>([
    ['get_thing', { id: 'x' }],
    ['create_thing', { name: 'Bolt' }],
    ['delete_thing', { id: 'x' }],
  ])('is renewed and %s sent again, exactly once', async (name, input) => {
    const { call, vendor, lost, credentials } = await open(taking('new'), () => [token('old'), token('new')])
    await call(name, input)
    expect(things(vendor.requests)).toEqual(['Bearer old', 'Bearer new'])
    expect([credentials.renewals, credentials.reports, lost]).toEqual([{ asked: 1, made: 1 }, [], []])
  })

  it('is renewed too when the refusal hides in a 200', async () => {
    const { call, vendor } = await open(
      (request, response, raw) => {
        const isGood = request.headers.authorization === 'Bearer new'
        json(isGood ? bolt : { ok: false, error: 'invalid_auth' })(request, response, raw)
      },
      () => [token('old'), token('new')],
    )
    await call('create_thing', { name: 'Bolt' })
    expect(things(vendor.requests)).toHaveLength(2)
  })

  it('twice is reported, and the connection is lost, once', async () => {
    const { call, vendor, lost, credentials } = await open(taking(), () => [token('old'), token('new'), token('newer')])
    await expect(call('create_thing', { name: 'Bolt' })).rejects.toMatchObject({
      code: 'connection_unusable',
      data: { reason: 'reauth', reauth: true },
      message: "Acme needs to be reconnected: Token expired. Ask an admin to renew the connection's credential.",
    })
    expect(things(vendor.requests)).toEqual(['Bearer old', 'Bearer new'])
    expect(credentials.reports).toEqual([
      { generation: 'new', reason: 'Acme no longer accepts the credential: Token expired.' },
    ])
    expect(lost).toMatchObject([{ code: 'connection_unusable', data: { reauth: true } }])
  })

  it('with no newer one is reported at once', async () => {
    const { call, vendor, credentials } = await open(taking(), () => [token('old')])
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'connection_unusable' })
    expect(things(vendor.requests)).toEqual(['Bearer old'])
    expect(credentials.reports).toMatchObject([{ generation: 'old' }])
  })

  it('whose renewal needs a person loses the connection with those words', async () => {
    const refusal = new GatewayError('connection_unusable', 'Connect again.', { data: { reauth: true } })
    const credentials = {
      lease: async () => token('old'),
      renew: async () => await Promise.reject<undefined>(refusal),
      report: async () => undefined,
    }
    const { call, lost } = await open(taking(), () => [], 'shared', { credentials: () => credentials })
    await expect(call('get_thing', { id: 'x' })).rejects.toBe(refusal)
    expect(lost).toEqual([refusal])
  })

  it('is not renewed for any other failure, and nothing is sent again', async () => {
    for (const status of [400, 403, 404, 409, 500]) {
      const { call, vendor, credentials } = await open(json({}, status), () => [token('old'), token('new')])
      await expect(call('create_thing', { name: 'Bolt' })).rejects.toBeInstanceOf(GatewayError)
      expect(things(vendor.requests)).toHaveLength(1)
      expect(credentials.renewals.asked).toBe(0)
    }
  })

  it('by another failure after the renewal is told as that failure', async () => {
    let count = 0
    const { call, vendor, credentials } = await open(
      (request, response, raw) => json({}, count++ === 0 ? 401 : 503)(request, response, raw),
      () => [token('old'), token('new'), token('newer')],
    )
    await expect(call('create_thing', { name: 'Bolt' })).rejects.toMatchObject({ code: 'upstream_failed' })
    expect(things(vendor.requests)).toHaveLength(2)
    expect(credentials.reports).toEqual([])
  })

  it('in the middle of follow-up requests is renewed for all of them', async () => {
    const { call, vendor, credentials } = await open(
      (request, response, raw) => {
        if (request.target.startsWith('/v1/things?')) json(['a', 'b', 'c', 'd', 'e', 'f'])(request, response, raw)
        else taking('new')(request, response, raw)
      },
      () => [token('old'), token('new')],
    )
    await call('list_things', {})
    expect(credentials.renewals.made).toBe(1)
    expect(things(vendor.requests).filter((value) => value === 'Bearer new')).toHaveLength(6)
  })

  it('under 50 calls at once is renewed once, and every call is answered after one retry', async () => {
    const { call, vendor, lost, credentials } = await open(taking('new'), () => [token('old'), token('new')])
    const results = await Promise.all(Array.from({ length: 50 }, (_, at) => call('get_thing', { id: `t${at}` })))
    expect(results.map(({ structuredContent }) => structuredContent)).toEqual(Array.from({ length: 50 }, () => bolt))
    const askedOf = (at: number): number =>
      vendor.requests.filter(({ target }) => target === `/v1/things/t${at}`).length
    expect(results.every((_, at) => askedOf(at) <= 2)).toBe(true)
    expect(things(vendor.requests).filter((value) => value === 'Bearer new')).toHaveLength(50)
    expect([credentials.renewals.made, credentials.reports, lost]).toEqual([1, [], []])
  })
})

describe('scopes that were not granted', () => {
  it('are named before anything is sent', async () => {
    const { call, vendor } = await open(taking('t'), () => [token('t', { scopes: ['things', 'other'] })])
    await expect(call('create_thing', { name: 'Bolt' })).rejects.toMatchObject({
      code: 'insufficient_scope',
      message:
        'The credential for Acme was not granted what this needs: things:write, or admin. Ask an admin to connect it again and agree to it. Nothing was sent.',
      data: { missing: [['things:write'], ['admin']] },
    })
    expect(things(vendor.requests)).toEqual([])
  })

  it.each<[string, readonly string[] | undefined]>([
    ['one alternative is whole', ['admin', 'things']],
    ['the vendor did not say what it granted', undefined],
  ])('are not missed where %s', async (_, scopes) => {
    const { call } = await open(taking('t'), () => [token('t', { scopes })])
    await expect(call('create_thing', { name: 'Bolt' })).resolves.toMatchObject({ structuredContent: bolt })
  })

  it('are the same code when the vendor is the one who says so', async () => {
    const failing = acmeWith({ auth: [grant], failure: () => ({ kind: 'missing_scope', message: 'needs more' }) })
    const { call } = await open(json({}, 403), () => [token('t')], 'shared', { provider: failing })
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({ code: 'insufficient_scope' })
  })
})

describe('a connection that everybody uses with an account of their own', () => {
  const signal = (): AbortSignal => new AbortController().signal
  const own = (subject: Subject): readonly Lease[] => [token(subject === 'shared' ? 'shared' : subject.user)]

  it('comes up without any credential, and has no account of its own', async () => {
    const { connected, vendor, credentials } = await open(taking('ann'), own, 'per_user')
    await connected.probe(signal())
    expect([vendor.requests, credentials.subjects, connected.account?.()]).toEqual([[], [], undefined])
  })

  it("sends each call with its person's credential, however they are mixed", async () => {
    const { call, vendor } = await open(taking('ann', 'bob'), own, 'per_user')
    const people = Array.from({ length: 100 }, (_, at) => (at % 3 === 0 ? 'ann' : 'bob'))
    await Promise.all(people.map((user, at) => call('get_thing', { id: `${user}-${at}` }, signal(), user)))
    const crossed = vendor.requests.filter(
      ({ target, headers }) => !target.includes(`/${String(headers.authorization).slice('Bearer '.length)}-`),
    )
    expect([vendor.requests.length, crossed]).toEqual([100, []])
  })

  it('refuses an agent that acts for nobody, and says what to do', async () => {
    const { call, vendor, credentials } = await open(taking('ann'), own, 'per_user')
    await expect(call('get_thing', { id: 'x' })).rejects.toMatchObject({
      code: 'connect_required',
      data: { connection: 'acme', reason: 'no_user' },
      message: expect.stringMatching(/acts for nobody\. Call with a credential that names a person/) as string,
    })
    expect([vendor.requests, credentials.subjects]).toEqual([[], []])
  })

  it('loses one credential at a time: the others and the connection stay', async () => {
    const { call, lost, credentials } = await open(taking('bob'), own, 'per_user')
    await expect(call('get_thing', { id: 'x' }, signal(), 'ann')).rejects.toMatchObject({
      code: 'connection_unusable',
      data: { reauth: true },
      message: 'Acme needs to be reconnected: Token expired. Connect your own account again.',
    })
    await expect(call('get_thing', { id: 'x' }, signal(), 'bob')).resolves.toMatchObject({ structuredContent: bolt })
    expect([lost, credentials.reports.map(({ generation }) => generation)]).toEqual([[], ['ann']])
  })

  it('never falls back to a shared credential', async () => {
    const { call, credentials } = await open(taking('shared'), own, 'per_user')
    await expect(call('get_thing', { id: 'x' }, signal(), 'ann')).rejects.toMatchObject({ code: 'connection_unusable' })
    expect(credentials.subjects).toEqual([{ user: 'ann' }])
  })
})

describe('the account behind a shared credential', () => {
  it('is what the vendor calls it', async () => {
    const { connected } = await open(taking('t'), () => [token('t')])
    expect(connected.account?.()).toBe('me')
  })

  it('is not known where the manifest asks no such question; the credential is leased all the same', async () => {
    const { whoami: _, ...silent } = acmeWith({ auth: [grant] })
    const { connected, vendor, credentials } = await open(taking('t'), () => [token('t')], 'shared', {
      provider: silent,
    })
    expect([connected.account?.(), vendor.requests, credentials.subjects]).toEqual([undefined, [], ['shared']])
  })
})

describe('a secret', () => {
  const CANARY = 'canary/9+f3 "x"&y=z'
  const PLAIN = 'canary-9f3b0c77'
  const KINDS: readonly [string, AuthMethod, Lease][] = [
    ['bearer', bearer(), leaseOf('token', { token: PLAIN })],
    ['basic', basic(), leaseOf('basic', { username: 'ann', password: CANARY })],
    ['a header', apiKey({ header: 'x-key' }), leaseOf('key', { key: CANARY })],
    ['a query', apiKey({ query: 'key' }), leaseOf('key', { key: CANARY })],
    ['a cookie', apiKey({ cookie: 'sid' }), leaseOf('key', { key: PLAIN })],
    ['a path', apiKey({ path: 'token' }), leaseOf('key', { key: PLAIN })],
    ['OAuth', grant, leaseOf('oauth', { access_token: PLAIN, refresh_token: `${PLAIN}-refresh` })],
    [
      'SigV4',
      sigv4({ service: 's3', region: 'eu-central-1' }),
      leaseOf('aws', { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: `${PLAIN}-key`, sessionToken: `${PLAIN}-session` }),
    ],
    [
      'fields of its own',
      custom({
        id: 'own',
        title: 'Own',
        fields: [
          { key: 'a', label: 'A', secret: true },
          { key: 'b', label: 'B', secret: true },
        ],
        inject: [
          { in: 'header', name: 'x-both', value: '{a}.{b}', base64: true },
          { in: 'query', name: 'both', value: '{a}:{b}' },
        ],
      }),
      leaseOf('own', { a: CANARY, b: PLAIN }),
    ],
  ]

  /** Says back all that it was sent, in every way that a service might. */
  const echo =
    (status: number, secrets: readonly string[]): Answer =>
    (request, response, raw) => {
      const said = [...secrets, request.target, decodeURIComponent(request.target), ...Object.values(request.headers)]
      const text = said.flatMap((each) => [String(each), Buffer.from(String(each)).toString('latin1')]).join(' | ')
      json({ id: 't1', name: text, message: text }, status, { 'x-echo': encodeURIComponent(secrets.join()) })(
        request,
        response,
        raw,
      )
    }

  it.each(KINDS)(
    'of the kind %s is in no result and no error, whatever the vendor says back',
    async (_, method, lease) => {
      const secrets = Object.entries(lease.fields).flatMap(([key, value]) =>
        ['username', 'accessKeyId'].includes(key) ? [] : [value.reveal()],
      )
      for (const status of [200, 400, 401, 403, 429, 500]) {
        const { call, lost } = await openProvider(echo(status, secrets), {
          provider: acmeWith({ auth: [method] }),
          method: method.id,
          credentials: recordedCredentials(() => [lease]).of,
          prefix: method.inject.some((each) => each.in === 'path') ? '/bot{token}' : '/v1',
        })
        const outcome: unknown = await call('get_thing', { id: 'x' }).catch((error: unknown) => error)
        const seen = [
          JSON.stringify(outcome),
          outcome instanceof Error ? outcome.message : '',
          inspect([outcome, lost], { depth: 20, showHidden: true }),
        ].join('\n')
        const forms = secrets.flatMap((each) => [each, JSON.stringify(each).slice(1, -1), encodeURIComponent(each)])
        expect(forms.filter((form) => seen.includes(form))).toEqual([])
        expect(seen).toContain('[secret]')
      }
    },
  )
})
