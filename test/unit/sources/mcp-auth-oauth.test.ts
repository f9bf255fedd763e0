import { inspect } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createEgress } from '../../../src/egress/egress.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { joinScopes, toChallenge } from '../../../src/sources/mcp-auth-challenge.ts'
import type { McpClient, McpClients } from '../../../src/sources/mcp-auth-client.ts'
import { clientDocument } from '../../../src/sources/mcp-client-document.ts'
import type { McpAuthDeps } from '../../../src/sources/mcp-auth-deps.ts'
import { discoverMcpAuth } from '../../../src/sources/mcp-auth-discover.ts'
import { beginMcpAuthorization, finishMcpAuthorization, type McpPending } from '../../../src/sources/mcp-auth-flow.ts'
import { refreshMcp } from '../../../src/sources/mcp-auth-refresh.ts'
import { realSchedule } from '../../../src/sources/schedule.ts'
import { guardedServer } from '../../fakes/downstream/guarded-server.ts'
import { fakeAuthorizationServer, type FakeAuthorizationServer } from '../../fakes/mcp-authorization-server.ts'

const NOW = Date.UTC(2026, 0, 5)
const REDIRECT = 'https://gateway.test/oauth/callback'
const DOCUMENT = 'https://gateway.test/.well-known/oauth-client'
const signal = new AbortController().signal

function memoryClients(): McpClients & { readonly all: Map<string, McpClient> } {
  const all = new Map<string, McpClient>()
  return {
    all,
    get: async (issuer) => all.get(issuer),
    async set(issuer, client) {
      if (client) all.set(issuer, client)
      else all.delete(issuer)
    },
  }
}

/** An MCP server that only lets in whom `issuer` gave a token, and what is needed to sign in there. */
async function place(change: Partial<McpAuthDeps> = {}) {
  const issuer = await authorizationServer()
  const server = await guardedServer('legacy')
  onTestFinished(() => server.close())
  const resource = { resource: server.url.href, authorization_servers: [issuer.issuer], scopes_supported: ['read'] }
  server.judge = (authorization) =>
    issuer.knows(authorization?.replace('Bearer ', '') ?? '') ? undefined : { status: 401, challenge: 'Bearer' }
  server.elsewhere = (path, response) => {
    if (path === '/.well-known/oauth-protected-resource/mcp') response.end(JSON.stringify(resource))
    else response.writeHead(404).end()
  }
  const egress = createEgress({ clock: () => NOW })
  onTestFinished(() => egress.close())
  const deps: McpAuthDeps = {
    clock: () => NOW,
    schedule: realSchedule,
    fetch: egress.fetch,
    allowPrivateNetwork: true,
    ...change,
  }
  const clients = memoryClients()
  const discover = () => discoverMcpAuth(server.url, undefined, deps, signal)
  const begin = async (identity: { documentUrl?: string; configured?: McpClient } = {}) =>
    beginMcpAuthorization(
      await discover(),
      { identity: { name: 'Gatehouse', redirectUri: REDIRECT, ...identity }, clients, state: 'st4te' },
      deps,
      signal,
    )
  const finish = (pending: McpPending, answer: URLSearchParams) =>
    finishMcpAuthorization(pending, answer, clients, deps, signal)
  const signIn = async () => {
    const { url, pending } = await begin()
    return finish(pending, await browse(url))
  }
  return {
    issuer,
    server,
    resource,
    deps,
    clients,
    discover,
    begin,
    finish,
    signIn,
    refresh: refreshMcp(clients, deps),
  }
}

async function authorizationServer(): Promise<FakeAuthorizationServer> {
  const fake = await fakeAuthorizationServer()
  onTestFinished(() => fake.close())
  return fake
}

/** What the browser brings back. */
async function browse(url: URL): Promise<URLSearchParams> {
  const { headers } = await fetch(url, { redirect: 'manual' })
  return new URL(headers.get('location') ?? '').searchParams
}

const asked = ({ requests }: FakeAuthorizationServer, path: string) => requests.filter((one) => one.path === path)
const codeOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it worked',
    (error: unknown) => (error instanceof GatewayError ? error.code : error),
  )

describe('signing in to an MCP server', () => {
  it('finds issuer, resource and scopes, registers, and gets tokens that the server takes', async () => {
    const { issuer, server, resource, clients, signIn } = await place()
    const tokens = await signIn()
    expect(issuer.knows(tokens.accessToken.reveal())).toBe(true)
    expect(tokens).toMatchObject({
      expiresAt: NOW + 3_600_000,
      scopes: ['read'],
      captured: { issuer: issuer.issuer, resource: resource.resource },
    })
    const [authorize] = asked(issuer, '/authorize')
    expect(Object.fromEntries(authorize?.query ?? [])).toMatchObject({
      resource: server.url.href,
      scope: 'read',
      code_challenge_method: 'S256',
    })
    expect(JSON.parse(asked(issuer, '/register')[0]?.body ?? '')).toMatchObject({
      redirect_uris: [REDIRECT],
      grant_types: ['authorization_code', 'refresh_token'],
      application_type: 'web',
    })
    expect(clients.all.get(issuer.issuer)).toMatchObject({ kind: 'registered', redirectUri: REDIRECT })
  })

  it('registers once for one issuer and address', async () => {
    const { issuer, signIn } = await place()
    await signIn()
    await signIn()
    expect(asked(issuer, '/register')).toHaveLength(1)
  })

  it('is the client of the metadata document where the issuer reads such documents', async () => {
    const { issuer, begin, finish } = await place()
    issuer.metadata['client_id_metadata_document_supported'] = true
    const { url, pending } = await begin({ documentUrl: DOCUMENT })
    expect(url.searchParams.get('client_id')).toBe(DOCUMENT)
    await finish(pending, await browse(url))
    expect(asked(issuer, '/register')).toEqual([])
    expect(new URLSearchParams(asked(issuer, '/token')[0]?.body).get('client_id')).toBe(DOCUMENT)
    expect(clientDocument(DOCUMENT, 'Gatehouse', [REDIRECT])).toMatchObject({
      client_id: DOCUMENT,
      redirect_uris: [REDIRECT],
      token_endpoint_auth_method: 'none',
    })
  })

  it('uses a client that was registered by hand, with its own issuer only', async () => {
    const { issuer, begin, finish } = await place()
    const configured = { id: 'mine', secret: new Secret('m1ne'), kind: 'configured' as const }
    const { url, pending } = await begin({ configured: { ...configured, issuer: issuer.issuer } })
    await finish(pending, await browse(url))
    expect(asked(issuer, '/token')[0]?.authorization).toBe(`Basic ${btoa('mine:m1ne')}`)
    expect(await codeOf(begin({ configured: { ...configured, issuer: 'https://other.test' } }))).toBe('invalid_issuer')
  })

  it('says that a client must be registered by hand where none can register itself', async () => {
    const { issuer, begin } = await place()
    delete issuer.metadata['registration_endpoint']
    expect(await codeOf(begin())).toBe('invalid_credential')
  })

  it.each<[string, (metadata: Record<string, unknown>) => void, string]>([
    ['another issuer', (metadata) => (metadata['issuer'] = 'https://evil.test'), 'invalid_issuer'],
    ['no PKCE', (metadata) => delete metadata['code_challenge_methods_supported'], 'oauth_failed'],
    ['plain PKCE', (metadata) => (metadata['code_challenge_methods_supported'] = ['plain']), 'oauth_failed'],
    [
      'a page that runs code',
      (metadata) => (metadata['authorization_endpoint'] = 'javascript:alert(1)'),
      'upstream_invalid',
    ],
    ['no token endpoint', (metadata) => delete metadata['token_endpoint'], 'upstream_invalid'],
  ])('is not begun with metadata of %s', async (_name, change, code) => {
    const { issuer, begin } = await place()
    change(issuer.metadata)
    expect(await codeOf(begin())).toBe(code)
    expect(asked(issuer, '/register')).toEqual([])
  })

  it('is not begun with the metadata of another resource', async () => {
    const { issuer, resource, begin } = await place()
    resource.resource = 'https://evil.test/mcp'
    expect(await codeOf(begin())).toBe('upstream_invalid')
    expect(issuer.requests).toEqual([])
  })

  it.each([
    ['http://169.254.169.254/latest', 'the metadata service of a cloud'],
    ['https://127.0.0.1:8443', 'this machine'],
    ['https://[::ffff:10.0.0.1]/', 'a private network'],
  ])('never goes to %s (%s) for a server on the public net', async (address) => {
    const { server, deps, issuer } = await place()
    const sent: string[] = []
    const fetchOf: McpAuthDeps['fetch'] = (options) => {
      const guarded = deps.fetch(options)
      return async (input, init) => {
        const { href, pathname } = new URL(input instanceof Request ? input.url : input)
        if (pathname !== '/.well-known/oauth-protected-resource/mcp') return guarded(input, init)
        sent.push(href)
        return Response.json({ resource: server.url.href, authorization_servers: [address] })
      }
    }
    const found = discoverMcpAuth(server.url, {}, { ...deps, fetch: fetchOf, allowPrivateNetwork: false }, signal)
    expect(await codeOf(found)).toBe('egress_blocked')
    expect(sent).toHaveLength(1)
    expect(issuer.requests).toEqual([])
  })

  it('takes no more than 1 MB and no longer than its time', async () => {
    const { issuer, discover } = await place()
    issuer.instead = (_path, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(`{"a":"${'x'.repeat(1_100_000)}"}`)
      return true
    }
    expect(await discover().catch(String)).toMatch(/1000000|1 MB|more than/)
    const timeouts: (() => void)[] = []
    const silent = await place({
      schedule: (work) => {
        timeouts.push(work)
        return () => undefined
      },
    })
    silent.issuer.instead = () => {
      for (const time of timeouts) time()
      return true
    }
    expect(await codeOf(silent.discover())).toBe('upstream_timeout')
  })
})

describe('the answer of an authorization server', () => {
  it.each<[string, (answer: URLSearchParams) => void, string]>([
    ['another state', (answer) => answer.set('state', 'other'), 'invalid_state'],
    ['no state', (answer) => answer.delete('state'), 'invalid_state'],
    ['another issuer', (answer) => answer.set('iss', 'https://evil.test'), 'invalid_issuer'],
    ['an issuer that only looks the same', (answer) => answer.set('iss', `${answer.get('iss')}/`), 'invalid_issuer'],
    ['no issuer although one was promised', (answer) => answer.delete('iss'), 'invalid_issuer'],
    ['neither code nor error', (answer) => answer.delete('code'), 'invalid_state'],
    ['a refusal', (answer) => answer.set('error', 'access_denied'), 'access_denied'],
    [
      'a refusal in the name of another issuer',
      (answer) => {
        answer.set('error', 'access_denied')
        answer.set('iss', 'https://evil.test')
      },
      'invalid_issuer',
    ],
    ['an unknown refusal', (answer) => answer.set('error', 'made_up'), 'oauth_failed'],
  ])('with %s is not believed, and no code is sent anywhere', async (_name, change, code) => {
    const { issuer, signIn } = await place()
    issuer.redirect = (answer) => {
      answer.set('error_description', 'evil words')
      change(answer)
    }
    const error = await signIn().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code })
    expect(inspect(error)).not.toContain('evil words')
    expect(asked(issuer, '/token')).toEqual([])
  })

  it('cannot be used twice', async () => {
    const { begin, finish } = await place()
    const { url, pending } = await begin()
    const answer = await browse(url)
    await finish(pending, answer)
    expect(await codeOf(finish(pending, answer))).toBe('invalid_grant')
  })

  it('is worth nothing with the verifier of another attempt', async () => {
    const { begin, finish } = await place()
    const [one, two] = [await begin(), await begin()]
    const answer = await browse(one.url)
    expect(await codeOf(finish({ ...one.pending, codeVerifier: two.pending.codeVerifier }, answer))).toBe(
      'invalid_grant',
    )
  })

  it('with an error in a 200, or a token that is none for HTTP, fails without words of the server', async () => {
    const { issuer, signIn } = await place()
    const answers = [
      { error: 'invalid_grant', error_description: 'evil words' },
      { access_token: 'a b\r\nc', token_type: 'Bearer' },
      { access_token: 'abc', token_type: 'mac' },
    ]
    const codes: unknown[] = []
    for (const answer of answers) {
      issuer.instead = (path, response) => path === '/token' && Boolean(response.end(JSON.stringify(answer)))
      codes.push(await codeOf(signIn()))
    }
    expect(codes).toEqual(['invalid_grant', 'upstream_invalid', 'upstream_invalid'])
  })
})

describe('refreshing', () => {
  it('rotates the refresh token, and a used one ends the grant', async () => {
    const { issuer, signIn, refresh } = await place()
    const first = await signIn()
    const second = await refresh(first, signal)
    expect(issuer.knows(second.accessToken.reveal())).toBe(true)
    expect(second.refreshToken?.reveal()).not.toBe(first.refreshToken?.reveal())
    expect(second.captured).toEqual(first.captured)
    expect(await codeOf(refresh(first, signal))).toBe('invalid_grant')
    expect(await codeOf(refresh(second, signal))).toBe('invalid_grant')
  })

  it('goes to the issuer that granted, wherever the server points now', async () => {
    const { issuer, resource, signIn, refresh, begin, clients } = await place()
    const tokens = await signIn()
    const other = await authorizationServer()
    resource.authorization_servers = [other.issuer]
    await refresh(tokens, signal)
    expect(asked(other, '/token')).toEqual([])
    const { url } = await begin()
    expect(url.origin).toBe(other.issuer)
    expect(url.searchParams.get('client_id')).toBe(clients.all.get(other.issuer)?.id)
    expect(asked(other, '/register')).toHaveLength(1)
    expect(asked(other, '/register')[0]?.body).not.toContain(clients.all.get(issuer.issuer)?.id)
  })

  it('sends nothing when the grant names no issuer, or the client is of another', async () => {
    const { issuer, signIn, refresh, clients } = await place()
    const tokens = await signIn()
    issuer.requests.length = 0
    expect(await codeOf(refresh({ ...tokens, captured: {} }, signal))).toBe('invalid_grant')
    const client = clients.all.get(issuer.issuer)
    if (client) clients.all.set(issuer.issuer, { ...client, issuer: 'https://other.test' })
    expect(await codeOf(refresh(tokens, signal))).toBe('invalid_grant')
    const { refreshToken: _none, ...without } = tokens
    expect(await codeOf(refresh(without, signal))).toBe('invalid_grant')
    expect(issuer.requests).toEqual([])
  })
})

describe('a challenge', () => {
  it.each([
    ['Bearer', {}],
    [
      'Basic realm="x", Bearer scope="a b", error="insufficient_scope"',
      { scopes: ['a', 'b'], error: 'insufficient_scope' },
    ],
    ['bearer realm="a, scope=\\"z\\"", scope=one', { scopes: ['one'] }],
    ['Bearer resource_metadata="https://a.test/x?y"', { resourceMetadata: 'https://a.test/x?y' }],
    ['Bearer resource_metadata="nothing", error="<b>"', {}],
    ['Basic scope="a"', {}],
    ['DPoP scope="d", Bearer scope="b"', { scopes: ['b'] }],
    [null, {}],
  ])('%s', (header, expected) => {
    expect(toChallenge(header)).toEqual(expected)
  })

  it('may be any text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (noise) => {
        const { scopes = [] } = toChallenge(`Bearer ${noise}`)
        expect(scopes.every((scope) => /^[!-~]+$/.test(scope))).toBe(true)
        expect(joinScopes(scopes, scopes)).toEqual(scopes)
      }),
    )
    const started = performance.now()
    toChallenge(`Bearer ${'a="'.repeat(1_000_000)}`)
    expect(performance.now() - started).toBeLessThan(1_000)
  })
})
