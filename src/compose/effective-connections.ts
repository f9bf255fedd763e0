import { type ConnectionConfig, connectionSchema, isMcpConnection } from '../config/connection-schema.ts'
import type { Config } from '../config/schema.ts'
import { collidingConnections } from '../catalog/names.ts'
import { toPointer } from '../config/pointer.ts'
import type { ConnectionBook } from '../connections/connection-book.ts'
import type { ConnectionDefinition } from '../connections/definition.ts'

type Managed = Pick<ConnectionBook, 'all' | 'switchedOff'>

/**
 * The configuration with the managed connections in it, and what is switched off switched off. Throws GatewayError
 * `config_invalid` when the file declares a name that a managed connection has: stored credentials go by that name.
 */
export function withManaged(config: Config, book: Managed): Config {
  const managed = book.all()
  refuseCollisions(config, managed)
  const declared = Object.entries(config.connections).map(
    ([slug, connection]) =>
      [slug, book.switchedOff().has(slug) ? { ...connection, enabled: false } : connection] as const,
  )
  const added = [...managed].map(([slug, definition]) => [slug, toConfig(definition)] as const)
  return { ...config, connections: Object.fromEntries([...declared, ...added]) }
}

function refuseCollisions(config: Config, managed: ReadonlyMap<string, ConnectionDefinition>): void {
  const declared = Object.keys(config.connections)
  const problems = declared.flatMap((slug) => {
    const other = [...managed.keys()].find((one) => one === slug || collidingConnections([one, slug]).length > 0)
    const detail = `a managed connection "${other ?? ''}" has that name, or one that its tools would share. Delete that one, or choose another name`
    return other === undefined ? [] : [{ pointer: toPointer(['connections', slug]), detail }]
  })
  if (problems.length > 0) throw config.source.invalid(problems)
}

/** A managed connection in the words of the file. Its credential is never among them. */
export function toConfig(definition: ConnectionDefinition): ConnectionConfig {
  const { provider, server, method, settings, baseUrl, allowPrivateNetwork, title, enabled, credential, owner } =
    definition
  const common = {
    ...(title !== undefined && { title }),
    ...(owner !== undefined && { owner }),
    enabled,
    credential,
    auth: { method },
  }
  return connectionSchema.parse(
    server
      ? { ...common, mcp: { ...server, allowPrivateNetwork } }
      : { ...common, provider, settings, allowPrivateNetwork, ...(baseUrl !== undefined && { baseUrl }) },
  )
}

/** A declared connection without its credential. */
export function declaredDefinition(slug: string, connection: ConnectionConfig): ConnectionDefinition {
  const { title, enabled, owner, credential = 'shared', auth } = connection
  const common = {
    slug,
    origin: 'declared' as const,
    ...(title !== undefined && { title }),
    ...(owner !== undefined && { owner }),
    method: auth?.method ?? 'none',
    credential,
    enabled,
    version: 0,
  }
  if (!isMcpConnection(connection)) {
    const { provider, settings, baseUrl, allowPrivateNetwork } = connection
    return { ...common, provider, settings, allowPrivateNetwork, ...(baseUrl !== undefined && { baseUrl }) }
  }
  const mcp = { ...common, provider: 'mcp', settings: {} }
  if ('command' in connection.mcp)
    return { ...mcp, settings: { command: connection.mcp.command }, allowPrivateNetwork: false }
  const { url, transport, allowPrivateNetwork } = connection.mcp
  return { ...mcp, server: { url, transport }, allowPrivateNetwork }
}
