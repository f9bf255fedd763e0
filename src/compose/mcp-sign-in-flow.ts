import type { Config } from '../config/schema.ts'
import { isMcpConnection } from '../config/connection-schema.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'
import { type IssuerClients, issuerClients } from '../connections/issuer-clients.ts'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import { clientFor, type McpClient } from '../sources/mcp-auth-client.ts'
import type { McpAuthDeps } from '../sources/mcp-auth-deps.ts'
import { discoverMcpAuth, type McpAuthServer } from '../sources/mcp-auth-discover.ts'
import { refreshMcp } from '../sources/mcp-auth-refresh.ts'
import { toOAuthTarget } from '../sources/mcp-auth-target.ts'
import { realSchedule } from '../sources/schedule.ts'
import { CLIENT_NAME, type McpFlowTarget, type McpSignInParts } from './mcp-sign-in.ts'

const LIMIT_MS = 30_000

/** Discovers who grants access to the server, and becomes a client there. Rejects like `discoverMcpAuth` and `clientFor`. */
export async function mcpTarget(parts: McpSignInParts, definition: ConnectionDefinition): Promise<McpFlowTarget> {
  const signal = AbortSignal.timeout(LIMIT_MS)
  const server = await discover(parts, definition, signal)
  const clients = clientsOf(parts, definition)
  const configured = await configuredClient(parts.config(), definition, server, clients)
  const identity = { name: CLIENT_NAME, ...parts.place(), configured }
  const client = await clientFor(server, identity, clients, depsFor(parts, definition), signal)
  return targetAt(definition, server, client)
}

/** New tokens, at the issuer that gave these. Rejects like `refreshMcp`. */
export const renewTokens = (
  parts: McpSignInParts,
  definition: ConnectionDefinition,
  current: TokenSet,
  signal: AbortSignal,
): Promise<TokenSet> => refreshMcp(clientsOf(parts, definition), depsFor(parts, definition))(current, signal)

/** Ends the grant at the issuer that gave it. Throws `oauth_failed` when that did not happen. */
export async function revokeTokens(
  parts: McpSignInParts,
  definition: ConnectionDefinition,
  tokens: TokenSet,
  signal: AbortSignal,
): Promise<void> {
  const server = await discover(parts, definition, signal)
  const client = await clientsOf(parts, definition).get(server.issuer)
  if (!client || !isGrantOf(tokens, server, client)) throw notEnded()
  const { outcome } = await parts.engine.revoke(targetAt(definition, server, client), tokens, signal)
  if (outcome !== 'revoked') throw notEnded()
}

const depsFor = ({ clock, world }: McpSignInParts, { allowPrivateNetwork }: ConnectionDefinition): McpAuthDeps => ({
  clock,
  schedule: realSchedule,
  fetch: world.egress.fetch,
  allowPrivateNetwork,
})

const clientsOf = ({ world, config, clock }: McpSignInParts, { slug }: ConnectionDefinition): IssuerClients =>
  issuerClients({ ...world, organisation: config().organisation, clock }, slug)

const discover = (
  parts: McpSignInParts,
  definition: ConnectionDefinition,
  signal: AbortSignal,
): Promise<McpAuthServer> => discoverMcpAuth(serverUrlOf(definition), undefined, depsFor(parts, definition), signal)

function targetAt(
  { allowPrivateNetwork }: ConnectionDefinition,
  server: McpAuthServer,
  client: McpClient,
): McpFlowTarget {
  const { issuer, resource } = server
  const grantedBy = { issuer, resource, clientId: client.id }
  return { ...toOAuthTarget(server, client), settings: {}, allowPrivateNetwork, grantedBy }
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
