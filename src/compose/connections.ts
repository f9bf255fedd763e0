import { createHash } from 'node:crypto'
import { PROVIDER_IDS } from '../../providers/ids.ts'
import type { ManagedOverrides } from '../admin/override-book.ts'
import { buildCatalog, type CatalogInput, type ToolOverride } from '../catalog/catalog.ts'
import {
  type ConnectionConfig,
  isMcpConnection,
  type McpConnectionConfig,
  type ProviderConnectionConfig,
} from '../config/connection-schema.ts'
import type { Config } from '../config/schema.ts'
import { fixedCredentials } from '../connections/fixed-credentials.ts'
import type { Egress } from '../egress/egress.ts'
import { BUILT_IN, builtInInput } from '../gateway/meta/definitions.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CredentialsOf } from '../kernel/credential.ts'
import { Secret } from '../kernel/secret.ts'
import type { Agent } from '../kernel/principal.ts'
import type { PolicyWorld } from '../policy/world.ts'
import { methodOf } from '../provider-kit/method-of.ts'
import type { ConnectionSpec, ConnectionTools } from '../sources/connection-spec.ts'
import type { Connector } from '../sources/connector.ts'
import type { McpDeps, McpTransport } from '../sources/mcp-spec.ts'
import { providerConnector } from '../sources/provider-source.ts'
import { toSourceTools } from '../sources/provider-tools.ts'
import type { Shelf } from './shelf.ts'

/** What a connector of any kind is made with. */
export interface ConnectionDeps {
  readonly shelf: Shelf
  readonly mcp: McpDeps
  /** Credentials that are stored: a connection's own, by its slug. */
  credentialsOf(connection: string): CredentialsOf
  /** Whose credential lists the tools of an MCP server that everybody uses with their own. */
  listedAs(connection: string): Promise<string | undefined>
  readonly egress: Egress
  readonly clock: Clock
  readonly version: string
}

/** The connections of the configuration as the supervisor runs them. */
export const toConnectionSpecs = (config: Config, deps: ConnectionDeps): readonly ConnectionSpec[] =>
  Object.entries(config.connections).map(([slug, connection]) => ({
    slug,
    provider: providerOf(connection),
    ...(connection.title !== undefined && { title: connection.title }),
    enabled: connection.enabled,
    ...(connection.owner !== undefined && { owner: connection.owner }),
    fingerprint: fingerprintOf(connection),
    connector: () => connectorFor(slug, connection, deps),
  }))

/** What runs a connection. */
export const connectorFor = (slug: string, connection: ConnectionConfig, deps: ConnectionDeps): Connector =>
  isMcpConnection(connection) ? toMcp(slug, connection, deps) : toProvider(slug, connection, deps)

/** What the catalog is built from: the tools that sources list, and what the configuration says about them. */
export const toCatalogInputs = (
  config: Config,
  tools: ReadonlyMap<string, ConnectionTools>,
  managed: ManagedOverrides,
): readonly CatalogInput[] => [
  builtInInput,
  ...[...tools.values()].flatMap((listed) => {
    const connection = config.connections[listed.connection]
    // What is not configured any more belongs to nobody who could be asked.
    if (!connection) return []
    const { title, owner, tools: declared } = connection
    return [{ ...listed, title, owner, overrides: merged(managed.get(listed.connection) ?? {}, declared) }]
  }),
]

type Overrides = Readonly<Record<string, ToolOverride>>

/** Field by field; what is declared wins. */
const merged = (managed: Overrides, declared: Overrides): Overrides =>
  Object.fromEntries(
    [...new Set([...Object.keys(managed), ...Object.keys(declared)])].map((name) => [
      name,
      { ...managed[name], ...declared[name] },
    ]),
  )

/** What rules may speak of before anything is connected: agents, connections, and the tools of providers. */
export function declaredWorld(config: Config, agents: Iterable<Agent>, shelf: Pick<Shelf, 'get'>): PolicyWorld {
  const catalog = buildCatalog(
    [
      builtInInput,
      ...Object.entries(config.connections).flatMap(([slug, connection]) => toDeclaredInput(slug, connection, shelf)),
    ],
    new Map(),
  )
  return { ...worldOf(config, agents), tools: [...catalog.tools.values()] }
}

/** What rules may speak of, but for the tools. */
export const worldOf = (config: Config, agents: Iterable<Agent>): Omit<PolicyWorld, 'tools'> => ({
  agents: [...agents],
  connections: [
    { slug: BUILT_IN, provider: BUILT_IN },
    ...Object.entries(config.connections).map(([slug, connection]) => ({ slug, provider: providerOf(connection) })),
  ],
  providers: ['mcp', ...PROVIDER_IDS],
})

function toDeclaredInput(
  slug: string,
  connection: ConnectionConfig,
  shelf: Pick<Shelf, 'get'>,
): readonly CatalogInput[] {
  const provider = isMcpConnection(connection) ? undefined : shelf.get(connection.provider)
  if (!provider) return []
  const tools = toSourceTools(provider)
  return [{ connection: slug, provider: provider.id, identity: provider.id, tools, overrides: connection.tools }]
}

const providerOf = (connection: ConnectionConfig): string => (isMcpConnection(connection) ? 'mcp' : connection.provider)

function toMcp(connection: string, config: McpConnectionConfig, deps: ConnectionDeps): Connector {
  const { connect, idle, total } = config.timeouts
  const timeouts = { connectMs: connect, idleMs: idle, totalMs: total }
  const { trustAnnotations, credential: ownership = 'shared' } = config
  const spec = { connection, transport: toTransport(config.mcp), timeouts, trustAnnotations }
  const credentials = mcpCredentials(connection, config, deps)
  return {
    connection,
    provider: 'mcp',
    async connect(events, signal) {
      // What speaks MCP to servers is loaded with the first one.
      const { mcpConnector } = await import('../sources/mcp-connector.ts')
      if (!credentials) return mcpConnector(spec, deps.mcp).connect(events, signal)
      const user = ownership === 'per_user' ? await deps.listedAs(connection) : undefined
      const auth = { credentials, ownership, ...(user !== undefined && { listedAs: { user } }) }
      return mcpConnector({ ...spec, auth }, deps.mcp).connect(events, signal)
    },
  }
}

/** Undefined where the server wants none, or has all in its own headers and environment. */
function mcpCredentials(
  connection: string,
  { auth }: McpConnectionConfig,
  deps: ConnectionDeps,
): CredentialsOf | undefined {
  if (!auth || auth.method === 'none') return undefined
  // Of a sign-in, the fields are our client's and nothing that the server gets.
  if (auth.method === 'oauth' || Object.keys(auth.fields).length === 0) return deps.credentialsOf(connection)
  const lease = { method: auth.method, fields: secretsOf(auth.fields), captured: {}, generation: 'fixed' }
  return () => ({
    lease: () => Promise.resolve(lease),
    renew: () => Promise.resolve(undefined),
    report: () => Promise.resolve(),
  })
}

function toTransport(server: McpConnectionConfig['mcp']): McpTransport {
  if ('command' in server) return { kind: 'stdio', ...server }
  const { url, transport, headers, allowPrivateNetwork } = server
  return {
    kind: transport === 'sse' ? 'sse' : 'http',
    url: new URL(url),
    headers,
    fallbackToSse: transport === 'auto',
    allowPrivateNetwork,
  }
}

function toProvider(connection: string, config: ProviderConnectionConfig, deps: ConnectionDeps): Connector {
  const provider = deps.shelf.get(config.provider)
  if (!provider) throw new Error(`The provider ${config.provider} was not checked when the configuration was read.`)
  const { method = 'none', fields = {} } = config.auth ?? {}
  const declared = methodOf(provider, method)
  const isFixed = !declared.oauth && (declared.kind === 'none' || Object.keys(fields).length > 0)
  return providerConnector({
    connection,
    provider,
    method,
    credentials: isFixed
      ? fixedCredentials({ method: declared, fields: secretsOf(fields) })
      : deps.credentialsOf(connection),
    ownership: config.credential ?? 'shared',
    settings: config.settings,
    ...(config.baseUrl !== undefined && { baseUrl: config.baseUrl }),
    allowPrivateNetwork: config.allowPrivateNetwork,
    egress: deps.egress,
    clock: deps.clock,
    version: deps.version,
  })
}

const secretsOf = (fields: Readonly<Record<string, string | Secret>>): Readonly<Record<string, Secret>> =>
  Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, toSecret(value)]))

const toSecret = (value: string | Secret): Secret => (typeof value === 'string' ? new Secret(value) : value)

/** What makes a connection another one. Overrides of tools and limits are not part of it: they need no new connection. */
function fingerprintOf({
  tools: _tools,
  title: _title,
  enabled: _enabled,
  maxConcurrent: _maxConcurrent,
  ...connection
}: ConnectionConfig): string {
  const digest = (text: string): string => createHash('sha256').update(text).digest('base64url')
  return digest(
    JSON.stringify(connection, (_key, value: unknown) => (value instanceof Secret ? digest(value.reveal()) : value)),
  )
}
