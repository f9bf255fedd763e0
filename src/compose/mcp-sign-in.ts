import type { Config } from '../config/schema.ts'
import { isMcpConnection } from '../config/connection-schema.ts'
import type { TokenSource } from '../connections/credential-deps.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { type IssuerClients, issuerClients } from '../connections/issuer-clients.ts'
import type { OAuthEngine } from '../connections/oauth/engine.ts'
import type { OAuthTarget } from '../connections/oauth/target.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import { clientFor, type McpClient } from '../sources/mcp-auth-client.ts'
import type { McpAuthDeps } from '../sources/mcp-auth-deps.ts'
import { discoverMcpAuth, type McpAuthServer } from '../sources/mcp-auth-discover.ts'
import { refreshMcp } from '../sources/mcp-auth-refresh.ts'
import { toOAuthTarget } from '../sources/mcp-auth-target.ts'
import type { GrantedBy } from '../sources/mcp-auth-token.ts'
import { realSchedule } from '../sources/schedule.ts'
import type { World } from './world.ts'

/** An MCP server's authorization server, with what a grant of it has to remember: it is refreshed there and nowhere else. */
export interface McpFlowTarget extends OAuthTarget {
  readonly grantedBy: GrantedBy
}

export const isMcpTarget = (target: OAuthTarget): target is McpFlowTarget => 'grantedBy' in target

/** Signing in to downstream MCP servers. */
export interface McpSignIn {
  /** Discovers who grants access to the server, and becomes a client there. Rejects like `discoverMcpAuth` and `clientFor`. */
  target(definition: ConnectionDefinition): Promise<McpFlowTarget>
  /** How tokens of the server come anew and end. */
  source(definition: ConnectionDefinition): TokenSource
}

export interface McpSignInParts {
  readonly world: Pick<World, 'store' | 'vault' | 'egress'>
  readonly engine: OAuthEngine
  readonly clock: Clock
  config(): Config
  /** What is registered as redirect address, and where our client metadata document is served, if it is. */
  place(): { readonly redirectUri: string; readonly documentUrl: string | undefined }
}

/** What people read when a server asks them to let us in. */
export const CLIENT_NAME = 'Gatehouse'
const LIMIT_MS = 30_000

export function mcpSignIn(parts: McpSignInParts): McpSignIn {
  const { world, engine, clock } = parts
  const depsFor = ({ allowPrivateNetwork }: ConnectionDefinition): McpAuthDeps => ({
    clock,
    schedule: realSchedule,
    fetch: world.egress.fetch,
    allowPrivateNetwork,
  })
  const clientsOf = ({ slug }: ConnectionDefinition): IssuerClients =>
    issuerClients({ ...world, organisation: parts.config().organisation, clock }, slug)
  const discover = (definition: ConnectionDefinition, signal: AbortSignal): Promise<McpAuthServer> =>
    discoverMcpAuth(serverUrlOf(definition), undefined, depsFor(definition), signal)
  const targetAt = (definition: ConnectionDefinition, server: McpAuthServer, client: McpClient): McpFlowTarget => {
    const { issuer, resource } = server
    const { allowPrivateNetwork } = definition
    const grantedBy = { issuer, resource, clientId: client.id }
    return { ...toOAuthTarget(server, client), settings: {}, allowPrivateNetwork, grantedBy }
  }
  return {
    async target(definition) {
      const signal = AbortSignal.timeout(LIMIT_MS)
      const server = await discover(definition, signal)
      const clients = clientsOf(definition)
      const configured = await configuredClient(parts.config(), definition, server, clients)
      const identity = { name: CLIENT_NAME, ...parts.place(), configured }
      const client = await clientFor(server, identity, clients, depsFor(definition), signal)
      return targetAt(definition, server, client)
    },
    source: (definition) => ({
      refresh: (current, signal) => refreshMcp(clientsOf(definition), depsFor(definition))(current, signal),
      async revoke(tokens, signal) {
        const server = await discover(definition, signal)
        const client = await clientsOf(definition).get(server.issuer)
        if (!client || !isGrantOf(tokens, server, client)) throw notEnded()
        const { outcome } = await engine.revoke(targetAt(definition, server, client), tokens, signal)
        if (outcome !== 'revoked') throw notEnded()
      },
    }),
  }
}

/** A token is shown to nobody but the issuer that gave it. */
const isGrantOf = ({ captured }: TokenSet, { issuer }: McpAuthServer, { id }: McpClient): boolean =>
  captured['issuer'] === issuer && captured['clientId'] === id

const notEnded = (): GatewayError => new GatewayError('oauth_failed', 'The service did not end the grant.')

function serverUrlOf({ slug, server }: ConnectionDefinition): URL {
  if (server) return new URL(server.url)
  throw new GatewayError('invalid_request', `"${slug}" is started as a program: there is nowhere to sign in.`)
}

/**
 * The client that an admin registered by hand and declared with the connection. Without an `issuer` it is the first
 * authorization server's that the server names, and stays that one's.
 */
async function configuredClient(
  { connections }: Config,
  { slug }: ConnectionDefinition,
  server: McpAuthServer,
  clients: IssuerClients,
): Promise<McpClient | undefined> {
  const connection = Object.hasOwn(connections, slug) ? connections[slug] : undefined
  const fields = connection && isMcpConnection(connection) ? (connection.auth?.fields ?? {}) : {}
  const id = text(fields['client_id'])
  if (id === undefined) return undefined
  const declared = text(fields['issuer'])
  const known = await clients.get(server.issuer)
  const secret = text(fields['client_secret'])
  const issuer = declared ?? (known?.kind === 'configured' ? known.issuer : server.issuer)
  return { issuer, id, kind: 'configured', ...(secret !== undefined && { secret: new Secret(secret) }) }
}

const text = (value: string | Secret | undefined): string | undefined =>
  value instanceof Secret ? value.reveal() : value
