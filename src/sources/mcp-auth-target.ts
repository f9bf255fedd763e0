import type { OAuthClient } from '../kernel/token-set.ts'
import type { OAuthSpec } from '../provider-kit/index.ts'
import type { McpClient } from './mcp-auth-client.ts'
import type { McpAuthServer } from './mcp-auth-discover.ts'

/** What was discovered, in the words of a provider's manifest: for whoever signs in to everything in the same way. */
export interface McpOAuthTarget {
  readonly spec: OAuthSpec
  readonly client: OAuthClient
  /** The resource that tokens are for (RFC 8707). */
  readonly resource: string
}

const CLIENT_AUTH = { client_secret_basic: 'basic', client_secret_post: 'post', none: 'none' } as const

/**
 * The discovered server as an OAuth target. `spec.issuer` is set where the server promises `iss`; one that promises nothing and
 * sends a foreign `iss` all the same is caught by `finishMcpAuthorization` alone.
 */
export function toOAuthTarget(
  { metadata, issuer, resource, scopes }: McpAuthServer,
  client: McpClient,
): McpOAuthTarget {
  const revocation = 'revocation_endpoint' in metadata ? metadata.revocation_endpoint : undefined
  return {
    spec: {
      grant: 'authorization_code',
      authorizeUrl: metadata.authorization_endpoint,
      tokenUrl: metadata.token_endpoint,
      ...(metadata['authorization_response_iss_parameter_supported'] === true && { issuer }),
      pkce: true,
      baseScopes: scopes,
      ...(scopes.includes('offline_access') && { authorizeParams: { prompt: 'consent' } }),
      clientAuth: CLIENT_AUTH[client.method ?? (client.secret ? 'client_secret_basic' : 'none')],
      refresh: 'rotating',
      ...(typeof revocation === 'string' && {
        revoke: { url: revocation, token: 'refresh_token', auth: 'client', body: 'form', param: 'token' },
      }),
    },
    client: { id: client.id, secret: client.secret },
    resource,
  }
}
