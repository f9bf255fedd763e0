import { randomUUID } from 'node:crypto'
import type { CredentialsOf, Lease } from '../../src/kernel/credential.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { TokenSet } from '../../src/kernel/token-set.ts'
import type { McpChallenge } from '../../src/sources/mcp-auth-challenge.ts'
import type { McpClient, McpClients } from '../../src/sources/mcp-auth-client.ts'
import type { McpAuthDeps } from '../../src/sources/mcp-auth-deps.ts'
import { discoverMcpAuth } from '../../src/sources/mcp-auth-discover.ts'
import { beginMcpAuthorization, finishMcpAuthorization } from '../../src/sources/mcp-auth-flow.ts'
import { refreshMcp } from '../../src/sources/mcp-auth-refresh.ts'

/** A person who connects the suite's server and agrees to everything, and the credential that comes of it. */
export interface SignIn {
  readonly credentials: CredentialsOf
  /** Signs in for what `error` says is missing; rejects with `error` itself when that is something else, or too often. */
  after(error: unknown): Promise<void>
}

const REDIRECT = 'http://127.0.0.1:8137/oauth/callback'
/** Where the suite expects the client id metadata document; it does not look. */
const DOCUMENT = 'https://conformance-test.local/client-metadata.json'
const MAX_SIGN_INS = 3
const MAX_HOPS = 5

export function signInAt(url: URL, configured: McpClient | undefined, deps: McpAuthDeps): SignIn {
  const clients = memoryClients()
  const refresh = refreshMcp(clients, deps)
  const signal = AbortSignal.timeout(60_000)
  let tokens: TokenSet | undefined
  let attempts = 0

  const signIn = async ({ challenge, scopes }: Wanted): Promise<void> => {
    attempts += 1
    const server = await discoverMcpAuth(url, challenge, deps, signal)
    const identity = { name: 'Gatehouse', redirectUri: REDIRECT, documentUrl: DOCUMENT, configured }
    const { url: page, pending } = await beginMcpAuthorization(
      server,
      { identity, clients, state: randomUUID(), scopes },
      deps,
      signal,
    )
    tokens = await finishMcpAuthorization(pending, await browse(page), clients, deps, signal)
  }
  const current = (): Lease => {
    if (!tokens) throw new GatewayError('connect_required', 'Connect the server first.')
    const { accessToken, captured, scopes } = tokens
    return {
      method: 'oauth',
      fields: { access_token: accessToken },
      captured,
      scopes,
      generation: accessToken.reveal(),
    }
  }
  return {
    credentials: () => ({
      lease: async () => current(),
      async renew() {
        if (!tokens?.refreshToken) return undefined
        tokens = await refresh(tokens, signal)
        return current()
      },
      report: async () => undefined,
    }),
    async after(error) {
      const wanted = wantedAfter(error)
      if (!wanted || attempts >= MAX_SIGN_INS) throw error
      await signIn(wanted)
    },
  }
}

interface Wanted {
  /** Absent before the first request: then the server is asked. */
  readonly challenge: McpChallenge | undefined
  readonly scopes: readonly string[]
}

function wantedAfter(error: unknown): Wanted | undefined {
  if (!(error instanceof GatewayError)) return undefined
  const { code, data } = error
  if (code === 'connect_required') return { challenge: undefined, scopes: [] }
  if (code === 'insufficient_scope') return { challenge: toChallenge(data), scopes: [] }
  return data['reauth'] === true ? { challenge: toChallenge(data), scopes: [] } : undefined
}

const toChallenge = ({ resourceMetadata, scopes }: JsonObject): McpChallenge => ({
  ...(typeof resourceMetadata === 'string' && { resourceMetadata }),
  ...(Array.isArray(scopes) && { scopes: scopes.map(String) }),
})

/** The browser: follows redirects until one goes to the callback. */
async function browse(page: URL): Promise<URLSearchParams> {
  let next = page
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const reply = await fetch(next, { redirect: 'manual' })
    await reply.body?.cancel()
    next = new URL(reply.headers.get('location') ?? '', next)
    if (next.href.startsWith(REDIRECT)) return next.searchParams
  }
  throw new Error('The sign-in did not come back.')
}

function memoryClients(): McpClients {
  const clients = new Map<string, McpClient>()
  return {
    get: async (issuer) => clients.get(issuer),
    async set(issuer, client) {
      if (client) clients.set(issuer, client)
      else clients.delete(issuer)
    },
  }
}

/** The client that the suite says was registered by hand. */
export const toConfigured = (id: string, secret: string, issuer: string): McpClient => ({
  issuer,
  id,
  secret: new Secret(secret),
  kind: 'configured',
})
