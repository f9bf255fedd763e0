import { randomUUID } from 'node:crypto'
import { describe, expect, it, onTestFinished } from 'vitest'
import { oauthEngine } from '../../src/connections/oauth/engine.ts'
import type { Credentials, Lease } from '../../src/kernel/credential.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { TokenSet } from '../../src/kernel/token-set.ts'
import { clientFor, type McpClient } from '../../src/sources/mcp-auth-client.ts'
import { discoverMcpAuth } from '../../src/sources/mcp-auth-discover.ts'
import { toOAuthTarget } from '../../src/sources/mcp-auth-target.ts'
import { calculatePKCECodeChallenge } from 'oauth4webapi'
import { guardedServer } from '../fakes/downstream/guarded-server.ts'
import { fakeAuthorizationServer } from '../fakes/mcp-authorization-server.ts'
import { createEgress } from '../../src/egress/egress.ts'
import { connect, http, mcpDeps } from '../unit/sources/mcp-fixture.ts'

const REDIRECT = 'https://gateway.test/oauth/callback'
const signal = new AbortController().signal

describe('an MCP server that is signed in to as everything else is', () => {
  it('is discovered, connected, called, refreshed after a 401, and a grant that has ended needs a person', async () => {
    const [server, issuer] = [await guardedServer('modern'), await fakeAuthorizationServer()]
    onTestFinished(async () => void (await Promise.all([server.close(), issuer.close()])))
    const dead = new Set<string>()
    server.judge = (authorization) => {
      const token = authorization?.replace('Bearer ', '') ?? ''
      return issuer.knows(token) && !dead.has(token) ? undefined : { status: 401, challenge: 'Bearer scope="read"' }
    }
    server.elsewhere = (path, response) =>
      path === '/.well-known/oauth-protected-resource/mcp'
        ? void response.end(JSON.stringify({ resource: server.url.href, authorization_servers: [issuer.issuer] }))
        : void response.writeHead(404).end()

    const deps = { ...mcpDeps(), allowPrivateNetwork: true }
    const found = await discoverMcpAuth(server.url, undefined, deps, signal)
    const kept = new Map<string, McpClient>()
    const clients = {
      get: async (key: string) => kept.get(key),
      set: async (key: string, client: McpClient | undefined) => void (client && kept.set(key, client)),
    }
    const client = await clientFor(found, { name: 'Gatehouse', redirectUri: REDIRECT }, clients, deps, signal)
    const target = { ...toOAuthTarget(found, client), settings: {}, allowPrivateNetwork: true }
    const egress = createEgress({ clock: Date.now })
    onTestFinished(() => egress.close())
    const engine = oauthEngine({ clock: Date.now, egress })
    const [state, verifier] = [randomUUID(), new Secret(`${randomUUID()}${randomUUID()}`)]
    const page = engine.authorizationUrl(target, {
      scopes: found.scopes,
      redirectUri: REDIRECT,
      state,
      codeChallenge: await calculatePKCECodeChallenge(verifier.reveal()),
    })
    const { headers } = await fetch(page, { redirect: 'manual' })
    const params = new URL(headers.get('location') ?? '').searchParams
    const back = { params, state, redirectUri: REDIRECT, codeVerifier: verifier, scopes: found.scopes }
    let tokens: TokenSet = await engine.exchange(target, back, signal)

    const reports: string[] = []
    const lease = (): Lease => ({
      method: 'oauth',
      fields: { access_token: tokens.accessToken },
      captured: {},
      scopes: tokens.scopes,
      generation: tokens.accessToken.reveal(),
    })
    const credentials: Credentials = {
      lease: async () => lease(),
      async renew() {
        const next = await engine.refresh(target, tokens, signal).catch((error: unknown) => {
          if (error instanceof GatewayError && error.code === 'invalid_grant') return undefined
          throw error
        })
        if (next) tokens = next
        return next && lease()
      },
      report: async (_lease, reason) => void reports.push(reason),
    }
    const session = await connect(http(server.url), { auth: { credentials: () => credentials, ownership: 'shared' } })
    const first = tokens.accessToken.reveal()
    expect(await session.call('whoami')).toMatchObject({ content: [{ text: `Bearer ${first}` }] })

    dead.add(first)
    const second = await session.call('whoami')
    expect(second).not.toMatchObject({ content: [{ text: `Bearer ${first}` }] })
    expect(second).toMatchObject({ content: [{ text: `Bearer ${tokens.accessToken.reveal()}` }] })

    dead.add(tokens.accessToken.reveal())
    issuer.instead = (path, response) =>
      path === '/token' && Boolean(response.writeHead(400).end('{"error":"invalid_grant"}'))
    await expect(session.call('whoami')).rejects.toMatchObject({ code: 'connection_unusable', data: { reauth: true } })
    expect(reports).toHaveLength(1)
  })
})
