import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { JWTPayload } from 'jose'
import { createIdentity, type Identity } from '../../../src/identity/identity.ts'
import { type JwtSettings, jwtVerifier } from '../../../src/identity/jwt-verifier.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { agent, resource } from './house.ts'
import { type Issuer, type SigningKey, sign, signingKey, startIssuer } from './issuer.ts'

const START = 1_800_000_000_000
const MINUTE = 60_000
let first: SigningKey
let second: SigningKey
let issuer: Issuer
let now: number

beforeAll(async () => {
  ;[first, second] = await Promise.all([signingKey('first'), signingKey('second', 'RS256')])
})

beforeEach(async () => {
  now = START
  issuer = await startIssuer(first)
})

afterEach(() => issuer.close())

function identityWith(settings: Partial<JwtSettings> = {}): Identity {
  const jwt = jwtVerifier({
    settings: {
      issuer: issuer.url,
      jwksUrl: issuer.jwksUrl,
      algorithms: ['ES256', 'RS256'],
      agentClaim: '/client_id',
      userClaim: '/sub',
      groupsClaim: '/groups',
      agents: {},
      clockTolerance: 30_000,
      scopes: [],
      ...settings,
    },
    resource,
    fetch,
    clock: () => now,
  })
  const agents = new Map([agent('sidekick'), agent('off', { enabled: false })])
  const keys = { verify: () => expect.unreachable() }
  return createIdentity({ agents: () => agents, keys, jwt, organisation: 'acme', resource, loopbackAgent: 'sidekick' })
}

const claims = (more: JWTPayload = {}): JWTPayload => ({
  iss: issuer.url,
  aud: resource.href,
  exp: START / 1_000 + 300,
  sub: 'ann',
  client_id: 'sidekick',
  ...more,
})

const bearer = async (payload: JWTPayload, key = first) => ({ authorization: `Bearer ${await sign(key, payload)}` })

async function refusal(identity: Identity, payload: JWTPayload, key = first): Promise<GatewayError> {
  const request = { ...(await bearer(payload, key)), remoteAddress: '127.0.0.1' }
  const error: unknown = await identity.authenticate(request).catch((reason: unknown) => reason)
  if (error instanceof GatewayError) return error
  throw new Error('The token was accepted.')
}

describe('an access token', () => {
  it('names agent, user and groups', async () => {
    const request = await bearer(claims({ groups: ['eng', 'bots', 7 as never], department: 'lab' }))
    expect(await identityWith().authenticate(request)).toEqual({
      id: 'agent:sidekick/user:ann',
      organisation: 'acme',
      agent: 'sidekick',
      user: 'ann',
      groups: ['bots', 'eng'],
      claims: expect.objectContaining({ department: 'lab' }),
      credential: 'jwt',
    })
  })

  it('is read through the configured pointers, and its client may stand for an agent of another name', async () => {
    const identity = identityWith({
      agentClaim: '/act/client~1id',
      userClaim: '/email',
      groupsClaim: '/realm_access/roles',
      agents: { 'https://client.example/meta.json': 'sidekick' },
    })
    const payload = claims({
      act: { 'client/id': 'https://client.example/meta.json' },
      email: 'ann@acme.test',
      realm_access: { roles: 'eng' },
    })
    expect(await identity.authenticate(await bearer(payload))).toMatchObject({
      agent: 'sidekick',
      user: 'ann@acme.test',
      groups: ['bots', 'eng'],
    })
  })

  it('that a client got for itself has no user', async () => {
    const principal = await identityWith().authenticate(await bearer(claims({ sub: 'sidekick' })))
    expect(principal).not.toHaveProperty('user')
  })

  it('counts until it has expired, plus the tolerance', async () => {
    const identity = identityWith()
    const request = await bearer(claims())
    now = START + 329_000
    expect(await identity.authenticate(request)).toMatchObject({ agent: 'sidekick' })
    now = START + 331_000
    await expect(identity.authenticate(request)).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'The access token has expired. Get a new one.',
    })
  })

  it('is refused with the reason', async () => {
    const identity = identityWith()
    const reasons = [
      [{ aud: 'https://other.example.com/mcp' }, `is not for this gateway: ask for one with resource ${resource.href}`],
      [{ aud: `${resource.href}/` }, 'is not for this gateway'],
      [{ aud: [] }, 'is not for this gateway'],
      [{ iss: `${issuer.url}/` }, 'is from another issuer'],
      [{ exp: undefined }, 'claim "exp" is missing'],
      [{ nbf: START / 1_000 + 60 }, 'is not valid yet'],
      [{ client_id: undefined }, 'names no agent: its claim /client_id'],
      [{ client_id: 7 }, 'names no agent'],
      [{ client_id: 'a\nb' }, 'names no agent'],
    ] as const
    for (const [change, reason] of reasons) {
      const error = await refusal(identity, claims(change as JWTPayload))
      expect([error.code, error.message]).toEqual(['unauthenticated', expect.stringContaining(reason)])
    }
  })

  it('of a client that is no agent here, or a disabled one, is forbidden: another token would not help', async () => {
    const identity = identityWith()
    const unknown = await refusal(identity, claims({ client_id: 'constructor' }))
    expect([unknown.code, unknown.message]).toEqual([
      'forbidden',
      expect.stringContaining('its client is no agent here'),
    ])
    expect((await refusal(identity, claims({ client_id: 'off' }))).message).toContain('is disabled')
  })

  it('may be for one of several audiences, or the one that is configured', async () => {
    const several = await bearer(claims({ aud: ['https://other.example', resource.href] }))
    expect(await identityWith().authenticate(several)).toMatchObject({ agent: 'sidekick' })
    const configured = await bearer(claims({ aud: 'api://gatehouse' }))
    expect(await identityWith({ audience: 'api://gatehouse' }).authenticate(configured)).toMatchObject({
      agent: 'sidekick',
    })
  })
})

describe('scopes', () => {
  it('that are configured must all be there, as scope or scp, text or list', async () => {
    const identity = identityWith({ scopes: ['mcp:tools', 'mcp:read'] })
    for (const grant of [
      { scope: 'mcp:read other mcp:tools' },
      { scp: ['mcp:tools', 'mcp:read'] },
      { scp: 'mcp:tools mcp:read' },
    ]) {
      expect(await identity.authenticate(await bearer(claims(grant)))).toMatchObject({ agent: 'sidekick' })
    }
  })

  it('that are missing are asked for in one challenge', async () => {
    const identity = identityWith({ scopes: ['mcp:tools', 'mcp:read'] })
    const error = await refusal(identity, claims({ scope: 'mcp:read' }))
    expect(error.code).toBe('forbidden')
    expect(identity.challenge(error)).toBe(
      'Bearer realm="gatehouse", error="insufficient_scope", error_description="The access token lacks the scope mcp:tools. Ask the identity provider for it.", scope="mcp:tools mcp:read", resource_metadata="https://gw.example.com/.well-known/oauth-protected-resource/mcp"',
    )
  })
})

describe('protected-resource metadata', () => {
  it('leads clients to the identity provider', () => {
    expect(identityWith({ scopes: ['mcp:tools'] }).metadata).toEqual({
      path: '/.well-known/oauth-protected-resource/mcp',
      document: {
        resource: 'https://gw.example.com/mcp',
        resource_name: 'Gatehouse (acme)',
        authorization_servers: [issuer.url],
        scopes_supported: ['mcp:tools'],
        bearer_methods_supported: ['header'],
      },
    })
    const servers = ['https://login.example.com']
    expect(identityWith({ authorizationServers: servers }).metadata?.document['authorization_servers']).toEqual(servers)
  })
})

describe("the issuer's keys", () => {
  it('are fetched once for many tokens, also at the same time', async () => {
    const identity = identityWith()
    const request = await bearer(claims())
    await Promise.all(Array.from({ length: 20 }, () => identity.authenticate(request)))
    await identity.authenticate(request)
    expect(issuer.requests()).toBe(1)
  })

  it('are fetched again for a new key id, but not for every made-up one', async () => {
    const identity = identityWith()
    await identity.authenticate(await bearer(claims()))
    issuer.publish(first, second)
    expect((await refusal(identity, claims(), second)).code).toBe('unauthenticated')
    now += 31_000
    expect(await identity.authenticate(await bearer(claims(), second))).toMatchObject({ agent: 'sidekick' })
    expect(issuer.requests()).toBe(2)
    const forged = { ...first, kid: 'made-up' }
    for (let attempt = 0; attempt < 5; attempt += 1) await refusal(identity, claims(), forged)
    expect(issuer.requests()).toBe(2)
  })

  it('stop counting ten minutes after the issuer withdrew them', async () => {
    const identity = identityWith()
    const payload = claims({ exp: START / 1_000 + 7_200 })
    await identity.authenticate(await bearer(payload))
    issuer.publish(second)
    now += 10 * MINUTE + 1
    expect((await refusal(identity, payload)).code).toBe('unauthenticated')
  })

  it('outlast an issuer that is down for an hour, and no longer', async () => {
    const identity = identityWith()
    const payload = claims({ exp: START / 1_000 + 14_400 })
    await identity.authenticate(await bearer(payload))
    issuer.breakWith(503)
    now += 59 * MINUTE
    expect(await identity.authenticate(await bearer(payload))).toMatchObject({ agent: 'sidekick' })
    now += 2 * MINUTE
    expect((await refusal(identity, payload)).code).toBe('upstream_failed')
  })

  it.each([
    [503, ''],
    [200, '<html>'],
    [200, '{"keys": 7}'],
    [302, ''],
  ])(
    'that cannot be had (%i %j) are nobody’s fault who asks, and are asked for every five seconds at most',
    async (status, body) => {
      const identity = identityWith()
      issuer.breakWith(status, body)
      const error = await refusal(identity, claims())
      expect([error.code, error.message]).toEqual([
        'upstream_failed',
        expect.stringContaining(new URL(issuer.url).host),
      ])
      await refusal(identity, claims())
      expect(issuer.requests()).toBe(1)
      issuer.publish(first)
      now += 5_000
      expect(await identity.authenticate(await bearer(claims()))).toMatchObject({ agent: 'sidekick' })
    },
  )
})

describe('an access token of a person', () => {
  const roles = {
    clients: ['gatehouse-console'],
    claim: '/roles',
    values: { 'gh-admins': ['admin'], 'gh-ops': ['approver', 'auditor'] },
  } as const
  const ofPerson = (more: JWTPayload = {}) => claims({ client_id: 'gatehouse-console', ...more })

  it('gives the roles that its claim stands for, and is no agent', async () => {
    const payload = ofPerson({ roles: ['gh-ops', 'gh-admins', 'else', 'constructor'], groups: ['platform'] })
    expect(await identityWith({ roles }).authenticate(await bearer(payload))).toMatchObject({
      id: 'person:ann',
      agent: '',
      user: 'ann',
      credential: 'person',
      groups: ['platform'],
      roles: ['approver', 'auditor', 'admin'],
    })
  })

  it('gives none where nothing stands for one', async () => {
    expect(await identityWith({ roles }).authenticate(await bearer(ofPerson()))).toMatchObject({ roles: [] })
  })

  it('is told by its client alone: an agent that acts for an admin is no admin', async () => {
    const principal = await identityWith({ roles }).authenticate(await bearer(claims({ roles: ['gh-admins'] })))
    expect(principal).toMatchObject({ id: 'agent:sidekick/user:ann', credential: 'jwt' })
    expect(principal.roles).toBeUndefined()
  })

  it('must name a person', async () => {
    for (const sub of [undefined, 'gatehouse-console']) {
      const { sub: _sub, ...nobody } = ofPerson({ roles: ['gh-admins'] })
      const payload = sub === undefined ? nobody : { ...nobody, sub }
      await expect(identityWith({ roles }).authenticate(await bearer(payload))).rejects.toMatchObject({
        code: 'unauthenticated',
      })
    }
  })
})
