import fc from 'fast-check'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { oauthEngine, type OAuthEngine } from '../../../../src/connections/oauth/engine.ts'
import { scopesToAsk } from '../../../../src/connections/oauth/scopes.ts'
import type { OAuthTarget } from '../../../../src/connections/oauth/target.ts'
import { createEgress, type Egress } from '../../../../src/egress/egress.ts'
import { GatewayError } from '../../../../src/kernel/errors.ts'
import { Secret } from '../../../../src/kernel/secret.ts'
import type { TokenSet } from '../../../../src/kernel/token-set.ts'
import type { OAuthSpec } from '../../../../src/provider-kit/provider.ts'
import { scriptedServer, type ScriptedServer } from '../../../fakes/oidc-scripted.ts'

const NOW = Date.parse('2026-11-20T10:00:00Z')
const signal = new AbortController().signal
let server: ScriptedServer
let egress: Egress
let engine: OAuthEngine

beforeAll(async () => {
  server = await scriptedServer()
  egress = createEgress({ clock: () => NOW })
  engine = oauthEngine({ egress, clock: () => NOW })
})
afterAll(async () => {
  await egress?.close()
  await server?.close()
})

function target(spec: Partial<OAuthSpec> = {}, more: Partial<OAuthTarget> = {}): OAuthTarget {
  const addresses = { authorizeUrl: `${server.url}/authorize`, tokenUrl: `${server.url}/token` }
  return {
    spec: { grant: 'authorization_code', ...addresses, ...spec },
    client: { id: 'client-1', secret: new Secret('the-client-secret') },
    settings: {},
    allowPrivateNetwork: true,
    ...more,
  }
}

const CURRENT: TokenSet = {
  accessToken: new Secret('old-access-token'),
  refreshToken: new Secret('old-refresh-token'),
  expiresAt: NOW,
  refreshExpiresAt: NOW + 1_000,
  scopes: ['a'],
  captured: { cloudId: 'cloud-1' },
}
const GRANTED = { access_token: 'new-access-token', token_type: 'Bearer', expires_in: 3600 }

const exchange = (to: OAuthTarget, params: Record<string, string> = {}): Promise<TokenSet> =>
  engine.exchange(
    to,
    {
      params: new URLSearchParams({ code: 'the-code', state: 's', ...params }),
      state: 's',
      redirectUri: 'https://gw.example/oauth/callback',
      codeVerifier: new Secret('verifier-0123456789-0123456789-0123456789-01'),
      scopes: ['a', 'b'],
    },
    signal,
  )

const refusal = (doing: Promise<unknown>): Promise<GatewayError> =>
  doing.then(
    () => {
      throw new Error('It was not refused.')
    },
    (error: unknown) => {
      if (error instanceof GatewayError) return error
      throw error
    },
  )

describe('the authorization request', () => {
  const ask = { scopes: ['a', 'b'], redirectUri: 'https://gw.example/oauth/callback', state: 's', codeChallenge: 'c' }
  const paramsOf = (to: OAuthTarget) => Object.fromEntries(engine.authorizationUrl(to, ask).searchParams)

  it('says what RFC 6749 and 7636 want, and what the vendor wants besides', () => {
    expect(
      paramsOf(
        target(
          { authorizeParams: { access_type: 'offline', state: 'theirs' } },
          { resource: 'https://mcp.example/mcp' },
        ),
      ),
    ).toEqual({
      access_type: 'offline',
      response_type: 'code',
      client_id: 'client-1',
      redirect_uri: 'https://gw.example/oauth/callback',
      scope: 'a b',
      state: 's',
      code_challenge: 'c',
      code_challenge_method: 'S256',
      resource: 'https://mcp.example/mcp',
    })
  })

  it('carries scopes the way the vendor reads them', () => {
    expect(paramsOf(target({ scopeSeparator: ',', scopeParam: 'user_scope' }))).toMatchObject({ user_scope: 'a,b' })
    expect(paramsOf(target({ scopeParam: 'user_scope' }))).not.toHaveProperty('scope')
  })

  it('fills settings into the address, and nothing that leads elsewhere', () => {
    const spec = { authorizeUrl: 'https://{site}.vendor.example/{tenant}/authorize' }
    const at = (settings: Record<string, string>) => engine.authorizationUrl(target(spec, { settings }), ask)
    expect(at({ site: 'acme', tenant: 't-1' }).href).toMatch(/^https:\/\/acme\.vendor\.example\/t-1\/authorize\?/)
    for (const site of ['evil.example/', 'evil.example#', 'a@evil.example', '', 'a.b']) {
      expect(() => at({ site, tenant: 't' }), site).toThrow(GatewayError)
    }
    expect(() => engine.authorizationUrl(target({}, { allowPrivateNetwork: false }), ask)).toThrow(/does not use https/)
  })

  it('asks again for what was granted before, so that nothing stops working', () => {
    expect(scopesToAsk(target({ baseScopes: ['openid'] }).spec, ['a', 'b'], ['b', 'c'])).toEqual([
      'openid',
      'a',
      'b',
      'c',
    ])
  })
})

describe('the token request', () => {
  it.each([
    ['post', { client_id: 'client-1', client_secret: 'the-client-secret' }, undefined],
    ['basic', {}, `Basic ${btoa('client-1:the-client-secret')}`],
    ['none', { client_id: 'client-1' }, undefined],
  ] as const)('proves the client by %s', async (clientAuth, fields, authorization) => {
    server.says({ body: GRANTED })
    await exchange(target({ clientAuth }))
    const [heard] = server.heard
    expect(Object.fromEntries(new URLSearchParams(heard?.body))).toEqual({
      grant_type: 'authorization_code',
      code: 'the-code',
      redirect_uri: 'https://gw.example/oauth/callback',
      code_verifier: 'verifier-0123456789-0123456789-0123456789-01',
      ...fields,
    })
    expect(heard?.headers['authorization']).toBe(authorization)
    expect(heard?.headers['accept']).toBe('application/json')
  })

  it('is JSON, with the vendor’s headers, where the vendor wants that', async () => {
    server.says({ body: GRANTED })
    await engine.refresh(
      target({ tokenBody: 'json', tokenHeaders: { 'notion-version': '2025-09-03' } }),
      CURRENT,
      signal,
    )
    const [heard] = server.heard
    expect(heard?.headers['content-type']).toBe('application/json')
    expect(heard?.headers['notion-version']).toBe('2025-09-03')
    expect(JSON.parse(heard?.body ?? '')).toEqual({
      grant_type: 'refresh_token',
      refresh_token: 'old-refresh-token',
      client_id: 'client-1',
      client_secret: 'the-client-secret',
    })
  })

  it('follows no redirect with the credentials in its hands', async () => {
    server.says({ status: 307, headers: { location: '/elsewhere' }, body: {} })
    expect(await refusal(exchange(target()))).toMatchObject({ code: 'oauth_failed' })
    expect(server.heard.map(({ path }) => path)).toEqual(['/token'])
  })
})

describe('the token answer', () => {
  it('keeps what it does not repeat: refresh token, scopes, captures', async () => {
    server.says({ body: GRANTED })
    const next = await engine.refresh(target(), CURRENT, signal)
    expect(next.accessToken.reveal()).toBe('new-access-token')
    expect(next.refreshToken?.reveal()).toBe('old-refresh-token')
    expect(next).toMatchObject({ scopes: ['a'], captured: { cloudId: 'cloud-1' }, refreshExpiresAt: NOW + 1_000 })
    expect(next.expiresAt).toBe(NOW + 3_600_000)
  })

  it.each([
    ['seconds as text', { expires_in: '60' }, {}, NOW + 60_000],
    ['no end', {}, { expires_in: undefined }, undefined],
    ['zero, which some say for no end', { expires_in: 0 }, {}, undefined],
    ['a time beyond all dates', { expires_in: 1e18 }, {}, NOW + 3_155_760_000_000],
    ['nothing, where the manifest knows', { expires_in: undefined }, { lifetimeMs: 5_000 }, NOW + 5_000],
  ])('reads a lifetime of %s', async (_name, said, spec, expected) => {
    server.says({ body: { ...GRANTED, expires_in: undefined, ...said } })
    expect((await exchange(target(spec as Partial<OAuthSpec>))).expiresAt).toBe(expected)
  })

  it('reads how long the refresh token lives, wherever the vendor says so', async () => {
    server.says({ body: { ...GRANTED, refresh_token: 'r', refresh_token_expires_in: 60, x_refresh: { seconds: 90 } } })
    expect((await exchange(target())).refreshExpiresAt).toBe(NOW + 60_000)
    expect((await exchange(target({ refreshExpiresInAt: '/x_refresh/seconds' }))).refreshExpiresAt).toBe(NOW + 90_000)
    expect((await exchange(target({ refreshExpiresInAt: '/none', refreshLifetimeMs: 7 }))).refreshExpiresAt).toBe(
      NOW + 7,
    )
  })

  it.each([
    ['commas', { scope: 'a,b' }, ['a', 'b']],
    ['spaces', { scope: 'a b' }, ['a', 'b']],
    ['a list', { scope: ['a'] }, ['a']],
    ['less than was asked for', { scope: 'a' }, ['a']],
    ['nothing, which means all that was asked for', {}, ['a', 'b']],
    ['null', { scope: null }, ['a', 'b']],
  ])('reads scopes with %s', async (_name, said, expected) => {
    server.says({ body: { ...GRANTED, ...said } })
    expect((await exchange(target())).scopes).toEqual(expected)
  })

  it('is found where the manifest says it stands, also as a form, with whatever type of token', async () => {
    server.says({
      body: { ok: true, authed_user: { access_token: 'nested', token_type: 'user', refresh_token: null } },
    })
    expect((await exchange(target({ tokenAt: '/authed_user' }))).accessToken.reveal()).toBe('nested')
    server.says({ type: 'application/x-www-form-urlencoded', body: 'access_token=formed&token_type=bearer&scope=a' })
    expect((await exchange(target())).accessToken.reveal()).toBe('formed')
  })

  it('is not used with an identity token that nobody asked for', async () => {
    server.says({ body: { ...GRANTED, id_token: 'not.a.jwt' } })
    expect((await exchange(target())).accessToken.reveal()).toBe('new-access-token')
  })

  it.each([
    ['no token', { token_type: 'bearer' }],
    ['a token with a line break', { ...GRANTED, access_token: 'a\r\nx: y' }],
    ['a token longer than any header', { ...GRANTED, access_token: 'x'.repeat(16_385) }],
    ['a token that is bound to a key', { ...GRANTED, token_type: 'DPoP' }],
    ['a list', []],
    ['no JSON', '<html>'],
  ])('is oauth_failed with %s', async (_name, body) => {
    server.says({ body })
    expect(await refusal(exchange(target()))).toMatchObject({ code: 'oauth_failed' })
  })

  it('of more than 256 KiB is not read', async () => {
    server.says({ body: { ...GRANTED, more: 'x'.repeat(300_000) } })
    expect(await refusal(exchange(target()))).toMatchObject({ code: 'oauth_failed' })
  })
})

describe('what is captured', () => {
  const SITES = (): Partial<OAuthSpec> => ({
    capture: {
      cloudId: { from: 'request', url: `${server.url}/sites`, at: '/0/id' },
      siteUrl: { from: 'request', url: `${server.url}/sites`, at: '/0/url' },
      realmId: { from: 'callback', at: 'realmId' },
      team: { from: 'token', at: '/team/id' },
      enterprise: { from: 'token', at: '/enterprise/id' },
    },
  })

  it('comes from the token answer, the callback, and one request with the new token', async () => {
    server.says(
      { body: { ...GRANTED, team: { id: 'T1' }, enterprise: null } },
      { body: [{ id: 'c-1', url: 'https://x.example' }] },
    )
    const { captured } = await exchange(target(SITES()), { realmId: '42' })
    expect(captured).toEqual({ cloudId: 'c-1', siteUrl: 'https://x.example', realmId: '42', team: 'T1' })
    expect(server.heard.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /token', 'GET /sites'])
    expect(server.heard[1]?.headers['authorization']).toBe('Bearer new-access-token')
  })

  it('is missed aloud when the account has none, or the callback left it out', async () => {
    server.says({ body: GRANTED }, { body: [] })
    expect((await refusal(exchange(target(SITES()), { realmId: '42' }))).message).toMatch(
      /names no cloudId for this account/,
    )
    server.says({ body: GRANTED }, { body: [{ id: 'c-1', url: 'u' }] })
    expect((await refusal(exchange(target(SITES())))).message).toMatch(/did not say its realmId/)
  })
})

describe('a refusal', () => {
  const slack = { errorAt: { okPointer: '/ok', errorPointer: '/error' }, errorCodes: { invalid_code: 'invalid_grant' } }
  it.each([
    ['invalid_grant', 400, { error: 'invalid_grant' }, {}, 'invalid_grant', undefined],
    ['invalid_grant with 403', 403, { error: 'invalid_grant' }, {}, 'invalid_grant', undefined],
    ['invalid_grant in a 200', 200, { error: 'invalid_grant' }, {}, 'invalid_grant', undefined],
    ['ok: false in a 200', 200, { ok: false, error: 'invalid_code' }, slack, 'invalid_grant', undefined],
    ['ok: false without a word', 200, { ok: false }, slack, 'oauth_failed', undefined],
    ['invalid_client', 401, { error: 'invalid_client' }, {}, 'invalid_credential', undefined],
    ['unauthorized_client', 400, { error: 'unauthorized_client' }, {}, 'invalid_credential', undefined],
    ['401 without a word', 401, '', {}, 'invalid_credential', undefined],
    ['invalid_scope', 400, { error: 'invalid_scope' }, {}, 'insufficient_scope', undefined],
    ['redirect_uri_mismatch', 400, { error: 'redirect_uri_mismatch' }, {}, 'redirect_mismatch', undefined],
    ['temporarily_unavailable', 400, { error: 'temporarily_unavailable' }, {}, 'oauth_failed', true],
    ['a 503', 503, '<html>busy</html>', {}, 'oauth_failed', true],
    ['a 500 that says invalid_grant', 500, { error: 'invalid_grant' }, {}, 'oauth_failed', true],
    ['a 429', 429, { error: 'slow_down' }, {}, 'oauth_failed', true],
    ['a word of its own', 400, { error: 'no_such_thing' }, {}, 'oauth_failed', undefined],
    ['an object for an error', 400, { error: { code: 7 } }, {}, 'oauth_failed', undefined],
  ])('%s', async (...[, status, body, spec, code, retryable]) => {
    server.says({ status, body })
    const error = await refusal(engine.refresh(target(spec), CURRENT, signal))
    expect(error.code).toBe(code)
    expect(error.data['retryable']).toBe(retryable)
    expect(error.message).toMatch(/(?:again|Check|Add|Register|Connect)/)
  })

  it('says how long to wait, when the server did', async () => {
    server.says({ status: 429, headers: { 'retry-after': '7' }, body: {} })
    expect((await refusal(engine.refresh(target(), CURRENT, signal))).data).toMatchObject({ retryAfterMs: 7_000 })
  })

  it('of nobody at all may pass; one of egress, or of the caller, is told as it is', async () => {
    const away = target({ tokenUrl: 'http://127.0.0.1:9/token' })
    expect(await refusal(engine.refresh(away, CURRENT, signal))).toMatchObject({
      code: 'oauth_failed',
      data: { retryable: true },
    })
    const blocked = target({}, { allowPrivateNetwork: false })
    expect(await refusal(engine.refresh(blocked, CURRENT, signal))).toMatchObject({ code: 'egress_blocked' })
    server.says({ silent: true, body: '' })
    const caller = new AbortController()
    const waiting = refusal(engine.refresh(target(), CURRENT, caller.signal))
    caller.abort()
    expect(await waiting).toMatchObject({ code: 'cancelled' })
  })

  it('without a refresh token needs a person, and asks nobody', async () => {
    server.says({ body: GRANTED })
    const { refreshToken: _gone, ...without } = CURRENT
    expect(await refusal(engine.refresh(target(), without, signal))).toMatchObject({ code: 'invalid_grant' })
    expect(server.heard).toEqual([])
  })

  it('never repeats a secret, whatever the server says', async () => {
    const secrets = [
      'old-refresh-token',
      'the-client-secret',
      'the-code-of-this-flow',
      'verifier-0123456789-0123456789-0123456789-01',
    ]
    const fragment = fc.constantFrom(...secrets, 'new-access-token-0123456789', ' ', '=', '\r\n', 'expired: ')
    const said = fc.record({
      status: fc.constantFrom(200, 400, 401, 403, 500),
      error: fc.oneof(fc.constantFrom('invalid_grant', 'x'), fragment, fc.string()),
      error_description: fc.array(fragment).map((parts) => parts.join('')),
    })
    await fc.assert(
      fc.asyncProperty(said, async ({ status, ...body }) => {
        server.says({ status, body: { ...body, access_token: 'new-access-token-0123456789', expires_in: {} } })
        const error = await engine.refresh(target(), CURRENT, signal).catch((reason: unknown) => reason)
        const words = inspect(error, { depth: 9 })
        for (const secret of secrets) expect(words).not.toContain(secret)
      }),
      { numRuns: 200 },
    )
  })
})

describe('to revoke', () => {
  it('is RFC 7009 unless the manifest says otherwise', async () => {
    server.says({ body: '' })
    const to = target({ revoke: { url: `${server.url}/revoke` } })
    expect(await engine.revoke(to, CURRENT, signal)).toEqual({ outcome: 'revoked' })
    expect(Object.fromEntries(new URLSearchParams(server.heard[0]?.body))).toEqual({
      token: 'old-refresh-token',
      client_id: 'client-1',
      client_secret: 'the-client-secret',
    })
  })

  it('never rejects: it tells how it went, without a secret', async () => {
    const to = target({ revoke: { url: `${server.url}/revoke` } })
    expect(await engine.revoke(target(), CURRENT, signal)).toEqual({ outcome: 'unsupported' })
    server.says({ status: 503, body: 'old-refresh-token' })
    const failed = await engine.revoke(to, CURRENT, signal)
    expect(failed).toMatchObject({ outcome: 'failed', code: 'oauth_failed' })
    expect(JSON.stringify(failed)).not.toContain('old-refresh-token')
    server.says({ status: 400, body: { error: 'invalid_grant' } })
    expect(await engine.revoke(to, CURRENT, signal)).toEqual({ outcome: 'revoked' })
    const away = target({ revoke: { url: 'http://127.0.0.1:9/revoke' } })
    expect(await engine.revoke(away, CURRENT, signal)).toMatchObject({ outcome: 'failed' })
  })
})
