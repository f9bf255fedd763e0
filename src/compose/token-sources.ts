import { type ConnectionConfig, isMcpConnection } from '../config/connection-schema.ts'
import type { Config } from '../config/schema.ts'
import type { TokenSource } from '../connections/credential-deps.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import type { OAuthEngine } from '../connections/oauth/engine.ts'
import { oauthTarget, type OAuthTarget } from '../connections/oauth/target.ts'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { OAuthClient } from '../kernel/token-set.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import type { Shelf } from './shelf.ts'

type Fields = Readonly<Record<string, Secret>>

export interface TokenSourceParts {
  readonly engine: OAuthEngine
  readonly shelf: Pick<Shelf, 'get'>
  config(): Config
  /** How tokens of a downstream MCP server come anew, at the issuer that gave them. */
  readonly mcpRefresh: (definition: ConnectionDefinition) => TokenSource
}

/** How tokens of a connection come anew, by its provider's manifest and our client there. */
export const tokenSources =
  (parts: TokenSourceParts) =>
  (definition: ConnectionDefinition, fields: Fields): TokenSource | undefined => {
    if (definition.provider === 'mcp') return definition.method === 'oauth' ? parts.mcpRefresh(definition) : undefined
    const provider = parts.shelf.get(definition.provider)
    const method = provider && methodOf(provider, definition.method)
    if (!method?.oauth) return undefined
    const client = clientFor(parts.config(), definition, fields)
    const target = (): OAuthTarget => targetFor(parts, definition, client)
    const { engine } = parts
    const isOwnGrant = method.oauth.grant === 'client_credentials'
    return {
      ...(!isOwnGrant && { refresh: async (current, signal) => engine.refresh(target(), current, signal) }),
      ...(isOwnGrant &&
        client && {
          mint: (signal) => engine.clientCredentials(target(), method.oauth?.baseScopes ?? [], signal),
        }),
      revoke: async (tokens, signal) => {
        const { outcome } = await engine.revoke(target(), tokens, signal)
        if (outcome !== 'revoked') throw new GatewayError('oauth_failed', 'The service did not end the grant.')
      },
    }
  }

/** The authorization server of a provider's connection. Throws `invalid_request` when its method is no OAuth. */
export function targetFor(
  { shelf, config: current }: Pick<TokenSourceParts, 'shelf' | 'config'>,
  definition: ConnectionDefinition,
  client: OAuthClient | undefined,
): OAuthTarget {
  const config = current()
  const provider = shelf.get(definition.provider)
  if (!provider) throw new GatewayError('not_found', `There is no provider "${definition.provider}".`)
  const method = methodOf(provider, definition.method)
  if (method.oauth && !client) throw noClient(definition)
  const { settings, allowPrivateNetwork } = definition
  const target = oauthTarget(method, { client: client ?? { id: '' }, settings, allowPrivateNetwork })
  const { authorizeUrl, tokenUrl, revokeUrl } = declaredClient(config, definition) ?? {}
  const { issuer, revoke, ...spec } = target.spec
  // Another server is another issuer.
  const own = authorizeUrl === undefined ? { ...(issuer !== undefined && { issuer }) } : { authorizeUrl }
  return {
    ...target,
    spec: {
      ...spec,
      ...own,
      ...(revoke && { revoke }),
      ...(tokenUrl !== undefined && { tokenUrl }),
      ...(revokeUrl !== undefined && revoke && { revoke: { ...revoke, url: revokeUrl } }),
    },
  }
}

/** Our client: entered with the connection, declared with it, or declared for the provider. */
export function clientFor(config: Config, definition: ConnectionDefinition, fields: Fields): OAuthClient | undefined {
  const own = toClient(fields) ?? toClient(declaredFields(config.connections[definition.slug]))
  if (own) return own
  const declared = declaredClient(config, definition)
  return declared && { id: declared.clientId, secret: declared.clientSecret }
}

const declaredClient = ({ oauthClients }: Config, { provider }: ConnectionDefinition) =>
  Object.hasOwn(oauthClients, provider) ? oauthClients[provider] : undefined

function declaredFields(connection: ConnectionConfig | undefined): Readonly<Record<string, string | Secret>> {
  return connection && !isMcpConnection(connection) ? (connection.auth?.fields ?? {}) : {}
}

function toClient(fields: Readonly<Record<string, string | Secret>>): OAuthClient | undefined {
  const { client_id: id, client_secret: secret } = fields
  if (id === undefined) return undefined
  return {
    id: typeof id === 'string' ? id : id.reveal(),
    secret: typeof secret === 'string' ? new Secret(secret) : secret,
  }
}

const noClient = ({ provider, slug }: ConnectionDefinition): GatewayError =>
  new GatewayError(
    'config_invalid',
    `The gateway has no OAuth client for "${slug}". Register one at the service and name it in the configuration under oauthClients.${provider}.`,
  )
