import {
  type AuthorizationServerMetadata,
  checkResourceAllowed,
  discoverAuthorizationServerMetadata,
  discoverOAuthProtectedResourceMetadata,
  resourceUrlFromServerUrl,
} from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { joinScopes, type McpChallenge, toChallenge, toScopes } from './mcp-auth-challenge.ts'
import { atServer, type McpAuthDeps } from './mcp-auth-deps.ts'

/** Who grants access to an MCP server, and what is to be asked for. */
export interface McpAuthServer {
  /** Exactly as the protected resource names it; everything that this one grants or registers is bound to it. */
  readonly issuer: string
  /** The resource indicator (RFC 8707), as the server writes it. */
  readonly resource: string
  /** What to ask for; empty means that the parameter is left out. */
  readonly scopes: readonly string[]
  /** How the gateway can become a client there, the best way first. */
  readonly registration: 'document' | 'dynamic' | 'manual'
  readonly metadata: AuthorizationServerMetadata
}

type Fetch = Parameters<Parameters<typeof atServer>[2]>[0]

const OFFLINE = 'offline_access'

/**
 * Finds the authorization server of an MCP server: protected-resource metadata (RFC 9728), from the challenge or the well-known
 * places, then the authorization server's own (RFC 8414, OpenID Connect Discovery). Without a `challenge` the server is asked
 * for one. Rejects with `upstream_invalid` when the metadata are of another resource, `invalid_issuer` when they are of another
 * issuer, `oauth_failed` when there are none or PKCE is not supported.
 */
export const discoverMcpAuth = (
  url: URL,
  challenge: McpChallenge | undefined,
  deps: McpAuthDeps,
  signal: AbortSignal,
): Promise<McpAuthServer> =>
  atServer(deps, signal, async (fetch) => {
    const { resourceMetadata, scopes } = challenge ?? (await askForChallenge(url, fetch))
    const resource = await findResource(url, resourceMetadata, fetch)
    const issuer = resource?.authorization_servers?.[0] ?? new URL('/', url).href
    const metadata = await readIssuer(issuer, fetch)
    checkUsable(metadata)
    return {
      issuer: metadata.issuer,
      resource: resource?.resource ?? resourceUrlFromServerUrl(url).href,
      scopes: toWanted(scopes ?? resource?.scopes_supported, metadata),
      registration: registrationOf(metadata),
      metadata,
    }
  })

/** The metadata of exactly this issuer; rejects with `oauth_failed` when it publishes none. */
export async function readIssuer(issuer: string, fetchFn: Fetch): Promise<AuthorizationServerMetadata> {
  const metadata = await discoverAuthorizationServerMetadata(issuer, { fetchFn })
  if (metadata) return metadata
  throw unusable(`${new URL(issuer).host} publishes no metadata of an authorization server`)
}

/** `ping` starts no session. A server that lets it pass wants no credential for it: the well-known places are looked at. */
async function askForChallenge(url: URL, fetch: Fetch): Promise<McpChallenge> {
  const reply = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'ping' }),
  })
  await reply.body?.cancel()
  return reply.status === 401 ? toChallenge(reply.headers.get('www-authenticate')) : {}
}

/** Undefined when the server publishes none: then its own origin is its authorization server (MCP 2025-03-26). */
async function findResource(url: URL, resourceMetadataUrl: string | undefined, fetch: Fetch) {
  const options = resourceMetadataUrl === undefined ? {} : { resourceMetadataUrl }
  const found = await discoverOAuthProtectedResourceMetadata(url, options, fetch).catch((error: unknown) => {
    if (isAbsence(error) && resourceMetadataUrl === undefined) return undefined
    throw error
  })
  if (found && !isFor(url, found.resource)) {
    throw new GatewayError(
      'upstream_invalid',
      'The server publishes the metadata of another resource. Check the URL of the connection; nothing was sent to its authorization server.',
    )
  }
  return found
}

const isFor = (url: URL, resource: string): boolean =>
  URL.canParse(resource) &&
  checkResourceAllowed({ requestedResource: resourceUrlFromServerUrl(url), configuredResource: resource })

/** The SDK says in a plain Error that nothing is there; what is there and cannot be read or reached has a class of its own. */
const isAbsence = (error: unknown): boolean =>
  error instanceof Error && error.constructor === Error && !error.message.startsWith('HTTP 5')

function checkUsable({
  code_challenge_methods_supported: pkce,
  authorization_endpoint: page,
}: AuthorizationServerMetadata): void {
  if (!pkce?.includes('S256'))
    throw unusable('the authorization server does not support PKCE with S256, which MCP requires')
  if (!/^https?:$/.test(new URL(page).protocol)) throw unusable('the page to sign in on is no web page')
}

const unusable = (what: string): GatewayError =>
  new GatewayError('oauth_failed', `The server cannot be signed in to: ${what}. Use another way to authenticate.`)

/** Resource servers do not name `offline_access`; it is asked for where the authorization server has it (SEP-2207). */
function toWanted(scopes: readonly string[] | undefined, metadata: AuthorizationServerMetadata): readonly string[] {
  const wanted = toScopes(scopes?.join(' '))
  return wanted.length > 0 && metadata.scopes_supported?.includes(OFFLINE) ? joinScopes(wanted, [OFFLINE]) : wanted
}

function registrationOf(metadata: AuthorizationServerMetadata): McpAuthServer['registration'] {
  if ('client_id_metadata_document_supported' in metadata && metadata.client_id_metadata_document_supported === true)
    return 'document'
  return metadata.registration_endpoint === undefined ? 'manual' : 'dynamic'
}
