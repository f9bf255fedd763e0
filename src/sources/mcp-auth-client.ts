import { type OAuthClientMetadata, registerClient, resolveClientMetadata } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { TokenAuthMethod } from './mcp-auth-token.ts'
import { atServer, type McpAuthDeps } from './mcp-auth-deps.ts'
import type { McpAuthServer } from './mcp-auth-discover.ts'
import { toDocument } from './mcp-client-document.ts'

/** The gateway as a client of one issuer; it is never shown to another one. */
export interface McpClient {
  readonly issuer: string
  readonly id: string
  readonly secret?: Secret | undefined
  /** How it proves itself at the token endpoint; by what the issuer supports when left out. */
  readonly method?: TokenAuthMethod | undefined
  /** `configured` by an admin, the client id metadata `document`, or `registered` by the gateway itself. */
  readonly kind: 'configured' | 'document' | 'registered'
  /** The address that it was registered with. */
  readonly redirectUri?: string | undefined
  /** When its secret ends, in milliseconds since the epoch. */
  readonly expiresAt?: number | undefined
}

/** What is remembered of clients, of one connection, by issuer. The secret is to be sealed. */
export interface McpClients {
  get(issuer: string): Promise<McpClient | undefined>
  /** `undefined` forgets. */
  set(issuer: string, client: McpClient | undefined): Promise<void>
}

/** Who the gateway is at authorization servers. */
export interface McpClientIdentity {
  readonly name: string
  readonly redirectUri: string
  /** Where `clientDocument` is served: an https URL with a path, else the document cannot be used. */
  readonly documentUrl?: string | undefined
  /** The client that an admin registered by hand. */
  readonly configured?: McpClient | undefined
}

const METHODS = ['client_secret_basic', 'client_secret_post', 'none'] as const

/**
 * The client for an issuer, and remembers it: the configured one, else the metadata document, else the one registered before,
 * else a new registration (RFC 7591). Rejects with `invalid_issuer` when the configured client is another issuer's, and with
 * `invalid_credential` when an admin has to register one by hand.
 */
export async function clientFor(
  server: McpAuthServer,
  identity: McpClientIdentity,
  clients: McpClients,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<McpClient> {
  const client = await chosen(server, identity, clients, deps, signal)
  await clients.set(server.issuer, client)
  return client
}

async function chosen(
  server: McpAuthServer,
  identity: McpClientIdentity,
  clients: McpClients,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<McpClient> {
  const { issuer, registration } = server
  const { configured, documentUrl, redirectUri } = identity
  if (configured) {
    if (configured.issuer === issuer) return configured
    throw new GatewayError(
      'invalid_issuer',
      'The client of the connection was registered with another authorization server than the one that the server names now. Enter a client of the new one.',
    )
  }
  if (registration === 'document' && documentUrl !== undefined && isDocumentUrl(documentUrl))
    return { issuer, id: documentUrl, method: 'none', kind: 'document' }
  const known = await clients.get(issuer)
  if (known && isUsable(known, issuer, redirectUri, deps.clock())) return known
  if (server.metadata.registration_endpoint !== undefined) return register(server, identity, deps, signal)
  throw new GatewayError(
    'invalid_credential',
    'The authorization server lets no client register itself. Register the gateway there by hand and enter the client.',
  )
}

const isDocumentUrl = (text: string): boolean => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.protocol === 'https:' && url.pathname !== '/'
}

const isUsable = (known: McpClient, issuer: string, redirectUri: string, now: number): boolean =>
  known.kind === 'registered' &&
  known.issuer === issuer &&
  known.redirectUri === redirectUri &&
  (known.expiresAt ?? Infinity) > now

async function register(
  { issuer, metadata, scopes }: McpAuthServer,
  { name, redirectUri }: McpClientIdentity,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<McpClient> {
  const supported = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
  const method = METHODS.find((candidate) => supported.includes(candidate)) ?? 'none'
  const clientMetadata: OAuthClientMetadata = { ...toDocument(name, [redirectUri]), token_endpoint_auth_method: method }
  const registered = await atServer(deps, signal, (fetchFn) =>
    registerClient(issuer, {
      metadata,
      clientMetadata: resolveClientMetadata({ clientMetadata, redirectUrl: redirectUri }),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      fetchFn,
    }),
  )
  const {
    client_id: id,
    client_secret: secret,
    client_secret_expires_at: expires,
    token_endpoint_auth_method: given,
  } = registered
  return {
    issuer,
    id,
    kind: 'registered',
    redirectUri,
    method: METHODS.find((candidate) => candidate === given),
    ...(secret !== undefined && { secret: new Secret(secret) }),
    ...(expires !== undefined && expires > 0 && { expiresAt: expires * 1_000 }),
  }
}
