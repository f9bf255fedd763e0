import type { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** What there is to know for clients that want an access token. */
export interface ProtectedResource {
  /** Our canonical URL; what tokens are issued for. */
  readonly resource: URL
  readonly organisation: string
  readonly authorizationServers: readonly string[]
  readonly scopes: readonly string[]
}

/** Where the metadata of a resource is served: before its path (RFC 9728 §3.1). */
export const metadataUrl = (resource: URL): URL =>
  new URL(`${WELL_KNOWN}${resource.pathname === '/' ? '' : resource.pathname}`, resource.origin)

/** The protected-resource metadata document (RFC 9728 §2). */
export const protectedResourceMetadata = (facts: ProtectedResource): JsonObject => ({
  resource: facts.resource.href,
  resource_name: `Gatehouse (${facts.organisation})`,
  authorization_servers: facts.authorizationServers,
  ...(facts.scopes.length > 0 ? { scopes_supported: facts.scopes } : {}),
  bearer_methods_supported: ['header'],
})

/**
 * The `WWW-Authenticate` value for a 401, or for a 403 whose `data.error` is `insufficient_scope` (RFC 6750 §3, RFC 9728
 * §5.1). A request without any credential is told no error, only where to get one.
 */
export function challengeFor(error: GatewayError, facts: ProtectedResource | undefined): string {
  const code = error.data['error']
  const params = [['realm', 'gatehouse']]
  if (typeof code === 'string') params.push(['error', code], ['error_description', error.message])
  if (facts && facts.scopes.length > 0) params.push(['scope', facts.scopes.join(' ')])
  if (facts) params.push(['resource_metadata', metadataUrl(facts.resource).href])
  return `Bearer ${params.map(([name, value = '']) => `${name}=${quoted(value)}`).join(', ')}`
}

/** RFC 6750 allows neither quotes nor backslashes nor anything but printable ASCII, so that nothing needs an escape. */
const quoted = (text: string): string => `"${text.replaceAll('"', "'").replaceAll(/[^\x20-\x5b\x5d-\x7e]/g, ' ')}"`
