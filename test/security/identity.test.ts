import { createHmac } from 'node:crypto'
import { inspect } from 'node:util'
import { exportSPKI } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { challengeFor } from '../../src/identity/challenge.ts'
import { createIdentity, type Identity } from '../../src/identity/identity.ts'
import { jwtVerifier } from '../../src/identity/jwt-verifier.ts'
import { openKeyBook } from '../../src/identity/keys.ts'
import { newAttachToken } from '../../src/identity/attach-token.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { Agent } from '../../src/kernel/principal.ts'
import { memoryDriver } from '../../src/store/memory-driver.ts'
import { openStore } from '../../src/store/store.ts'
import { type Issuer, type SigningKey, sign, signingKey, startIssuer } from '../unit/identity/issuer.ts'

const NOW = 1_800_000_000_000
const resource = new URL('https://gw.example.com/mcp')
const attachToken = newAttachToken()
const sidekick: Agent = { id: 'sidekick', groups: [], toolNames: 'portable', enabled: true, origin: 'declared' }
let key: SigningKey
let issuer: Issuer
let identity: Identity
let apiKey: string

beforeAll(async () => {
  key = await signingKey('k', 'RS256')
  issuer = await startIssuer(key)
  const keys = await openKeyBook({ store: openStore(memoryDriver()), clock: () => NOW })
  apiKey = (await keys.issue('sidekick')).key.reveal()
  const settings = {
    issuer: issuer.url,
    jwksUrl: issuer.jwksUrl,
    algorithms: ['RS256', 'ES256'],
    agentClaim: '/client_id',
    userClaim: '/sub',
    groupsClaim: '/groups',
    agents: {},
    clockTolerance: 0,
    scopes: [],
  }
  identity = createIdentity({
    agents: () => new Map([['sidekick', sidekick]]),
    keys,
    jwt: jwtVerifier({ settings, resource, fetch, clock: () => NOW }),
    loopbackAgent: 'sidekick',
    attachToken,
    organisation: 'acme',
    resource,
  })
})

afterAll(() => issuer.close())

const claims = () => ({ iss: issuer.url, aud: resource.href, exp: NOW / 1_000 + 60, client_id: 'sidekick', sub: 'ann' })
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

async function refused(authorization: string): Promise<GatewayError> {
  const outcome: unknown = await identity
    .authenticate({ authorization, remoteAddress: '127.0.0.1', agentHeader: 'sidekick' })
    .catch((error: unknown) => error)
  if (outcome instanceof GatewayError) return outcome
  throw new Error(`accepted as ${inspect(outcome)}`)
}

describe('a bad credential', () => {
  it.each([
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'Basic c2lkZWtpY2s6eA==',
    'Negotiate abc',
    'Bearer a b',
    'Bearer a, Bearer b',
    'Bearer \u0000',
    'Bearer gh_',
    `Bearer gh_${'a'.repeat(12)}_${'b'.repeat(43)}`,
    'Bearer gha_x',
    'Bearer a.b.c',
    'Bearer ..',
    'Bearer undefined',
    'Bearer null',
    `Bearer ${'a'.repeat(1_000_000)}`,
    'gh_aaaaaaaaaaaa_b',
  ])('never falls back to the loopback agent: %.40j', async (authorization) => {
    expect((await refused(authorization)).code).toBe('unauthenticated')
  })

  it('is never repeated in what is said about it', async () => {
    const canary = 'canary7f3a'
    for (const authorization of [
      `Bearer ${canary}`,
      `Basic ${canary}`,
      `Bearer gh_${canary}`,
      `Bearer gha_${canary}`,
      canary,
    ]) {
      const error = await refused(authorization)
      expect(`${error.message}${JSON.stringify(error.data)}${identity.challenge(error)}`).not.toContain(canary)
    }
  })
})

describe('a forged access token', () => {
  it('without a signature is refused', async () => {
    for (const alg of ['none', 'None', 'NONE', '']) {
      expect((await refused(`Bearer ${part({ alg })}.${part(claims())}.`)).code).toBe('unauthenticated')
    }
  })

  it('signed with the public key as a shared secret is refused', async () => {
    const secrets = [await exportSPKI(key.publicKey), JSON.stringify(key.jwk), String(key.jwk.n)]
    for (const secret of secrets) {
      const signed = `${part({ alg: 'HS256', kid: 'k' })}.${part(claims())}`
      const signature = createHmac('sha256', secret).update(signed).digest('base64url')
      expect((await refused(`Bearer ${signed}.${signature}`)).code).toBe('unauthenticated')
    }
  })

  it('that brings or names its own key is refused, and nobody fetches that', async () => {
    const own = await signingKey('k', 'RS256')
    const before = issuer.requests()
    const forged = await sign(own, claims())
    expect((await refused(`Bearer ${forged}`)).code).toBe('unauthenticated')
    const [, payload = '', signature = ''] = forged.split('.')
    for (const header of [{ jwk: own.jwk }, { jku: `${issuer.url}/evil` }, { x5u: `${issuer.url}/evil` }]) {
      expect(
        (await refused(`Bearer ${part({ alg: 'RS256', kid: 'k', ...header })}.${payload}.${signature}`)).code,
      ).toBe('unauthenticated')
    }
    expect(issuer.requests()).toBeLessThanOrEqual(before + 1)
  })

  it('with changed claims, a cut signature or an unknown critical header is refused', async () => {
    const good = await sign(key, claims())
    const [header = '', payload = '', signature = ''] = good.split('.')
    const forged = [
      `${header}.${part({ ...claims(), sub: 'root' })}.${signature}`,
      `${header}.${payload}.${signature.slice(0, -4)}`,
      `${header}.${payload}.`,
      `${part({ alg: 'RS256', kid: 'k', crit: ['x'], x: 1 })}.${payload}.${signature}`,
      `${part({ alg: 'ES256', kid: 'k' })}.${payload}.${signature}`,
    ]
    for (const token of forged) expect((await refused(`Bearer ${token}`)).code).toBe('unauthenticated')
    expect(await identity.authenticate({ authorization: `Bearer ${good}` })).toMatchObject({ user: 'ann' })
  })

  it('cannot become an admin by its claims', async () => {
    const token = await sign(key, { ...claims(), client_id: 'admin', credential: 'admin', groups: ['admin'] })
    expect((await refused(`Bearer ${token}`)).code).toBe('forbidden')
  })
})

describe('names out of claims', () => {
  it('cannot reach the prototype of anything', async () => {
    for (const client of ['__proto__', 'constructor', 'toString']) {
      expect((await refused(`Bearer ${await sign(key, { ...claims(), client_id: client })}`)).code).toBe('forbidden')
    }
  })

  it('cannot break out of the challenge', () => {
    const error = new GatewayError('unauthenticated', 'a"b\\c\r\nX-Evil: 1, é', { data: { error: 'invalid_token' } })
    const header = challengeFor(error, undefined)
    expect(header).toBe(`Bearer realm="gatehouse", error="invalid_token", error_description="a'b c  X-Evil: 1,  "`)
  })
})

describe('a refusal', () => {
  it('does not tell an unknown key id from a wrong secret', async () => {
    const wrongSecret = `Bearer ${apiKey.slice(0, 16)}${'0'.repeat(43)}`
    const unknownId = `Bearer gh_000000000000_${'0'.repeat(43)}`
    const [a, b] = [await refused(wrongSecret), await refused(unknownId)]
    expect([a.message, a.data]).toEqual([b.message, b.data])
  })
})
