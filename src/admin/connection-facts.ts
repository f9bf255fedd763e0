import type { CredentialFacts } from '../connections/credential-facts.ts'
import type { ConnectionDefinition, Touch } from '../connections/definition.ts'
import type { CredentialOwnership } from '../kernel/credential.ts'
import type { ConnectionReason, ConnectionState } from '../kernel/connection.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ConnectionsPort } from './connections-port.ts'

/** A connection as people see it. Never holds a credential. Times are milliseconds since the epoch. */
export interface ConnectionFacts {
  readonly id: string
  readonly title?: string
  readonly origin: 'declared' | 'managed'
  readonly provider: string
  readonly method: string
  /** `organisation`, or the person's id as `user:<id>`. */
  readonly owner: string
  readonly credential: CredentialOwnership
  readonly enabled: boolean
  readonly settings: JsonObject
  readonly baseUrl?: string
  readonly server?: { readonly url: string; readonly transport: 'auto' | 'http' | 'sse' }
  readonly allowPrivateNetwork: boolean
  readonly version: number
  readonly created?: Touch
  readonly updated?: Touch
  readonly deletedAt?: number
  readonly status: ConnectionState
  readonly reason?: string
  readonly reasonCode?: ConnectionReason
  readonly since?: number
  readonly lastOkAt?: number
  readonly lastError?: string
  readonly nextProbeAt?: number
  readonly tools: number
  readonly account?: string
  /** The shared credential, or everybody's own. */
  readonly credentials: readonly CredentialFacts[]
}

export const ownerOf = ({ owner }: Pick<ConnectionDefinition, 'owner'>): string =>
  owner === undefined ? 'organisation' : `user:${owner}`

/** Joins what is known of a connection. */
export function factsOf(
  { statuses }: Pick<ConnectionsPort, 'statuses'>,
  definition: ConnectionDefinition,
  credentials: readonly CredentialFacts[],
): ConnectionFacts {
  const { slug, owner: _owner, server, ...known } = definition
  const status = statuses().find(({ connection }) => connection === slug)
  const {
    connection: _connection,
    provider: _provider,
    enabled: _enabled,
    state,
    tools,
    owner: _of,
    ...health
  } = status ?? { ...NOT_RUN, provider: '', enabled: false, connection: slug }
  const account = credentials.find(({ user }) => user === undefined)?.account
  return {
    ...known,
    id: slug,
    owner: ownerOf(definition),
    ...(server && { server: { ...server, url: withoutQuery(server.url) } }),
    ...health,
    status: state,
    tools,
    ...(account !== undefined && { account }),
    credentials,
  }
}

const NOT_RUN = { state: 'disconnected' as const, tools: 0, owner: undefined }

/** Some servers take a key in the query. */
function withoutQuery(text: string): string {
  const url = new URL(text)
  return url.search === '' ? text : `${url.origin}${url.pathname}`
}

/** Throws `not_found`. A deleted connection is found only by those who want to bring it back. */
export function known({ definitionOf }: Pick<ConnectionsPort, 'definitionOf'>, slug: string): ConnectionDefinition {
  const definition = definitionOf(slug)
  if (definition && definition.deletedAt === undefined) return definition
  const detail = definition
    ? `The connection "${slug}" was deleted. It can be restored for 30 days.`
    : `There is no connection "${slug}". See \`gatehouse connections list\`.`
  throw new GatewayError('not_found', detail)
}

/** Throws `conflict` for what stands in the file: that is not written here. */
export function managed(port: Pick<ConnectionsPort, 'definitionOf'>, slug: string): ConnectionDefinition {
  const definition = known(port, slug)
  if (definition.origin === 'managed') return definition
  throw new GatewayError('conflict', `The connection "${slug}" is declared in the configuration. Change it there.`)
}
