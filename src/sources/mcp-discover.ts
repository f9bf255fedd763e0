import type { Credentials, Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { DiscoveredAuth, DiscoveredTool, McpDiscovery, McpTarget } from '../kernel/mcp-discovery.ts'
import type { ErrorCode } from '../kernel/problem.ts'
import type { SourceTool } from '../kernel/tool.ts'
import type { Connected, ConnectorEvents } from './connector.ts'
import { discoverMcpAuth } from './mcp-auth-discover.ts'
import { mcpConnector } from './mcp-connector.ts'
import type { McpDeps, McpTransport } from './mcp-spec.ts'
import { deadline } from './schedule.ts'
import { memoryVerdicts } from './verdicts.ts'

/** What a server without OAuth, or with a page for people at every address, comes to. */
const NO_SIGN_IN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['oauth_failed', 'upstream_invalid'])
const LIMIT_MS = 20_000
const MAX_TOOLS = 500
const MAX_DESCRIPTION = 1_000
const MAX_INSTRUCTIONS = 4_000

/**
 * Connects to a server that nobody has saved, lists its tools and lets go, within 20 s; over HTTP through egress and its guard.
 * A server that wants a credential is no failure. Rejects like `Connector.connect`.
 */
export async function discoverMcp(target: McpTarget, deps: McpDeps, signal: AbortSignal): Promise<McpDiscovery> {
  const limit = deadline(signal, LIMIT_MS, deps.schedule)
  try {
    return await look(target, deps, limit.signal)
  } catch (error) {
    if (!limit.expired()) throw error
    throw new GatewayError('upstream_timeout', `The server was not ready within ${LIMIT_MS} ms.`, { cause: error })
  } finally {
    limit.release()
  }
}

async function look({ transport, lease }: McpTarget, deps: McpDeps, signal: AbortSignal): Promise<McpDiscovery> {
  const connector = mcpConnector(
    {
      connection: 'discovery',
      transport,
      trustAnnotations: false,
      timeouts: { connectMs: LIMIT_MS },
      auth: { credentials: () => fixed(lease ?? NOTHING), ownership: 'shared' },
    },
    { ...deps, verdicts: memoryVerdicts() },
  )
  try {
    const connected = await connector.connect(DEAF, signal)
    await connected.close()
    return toDiscovery(connected)
  } catch (error) {
    const wanted = wantsCredential(error) && transport.kind !== 'stdio'
    if (!wanted) throw error
    const auth = await authOf(transport, error, deps, signal)
    return { connected: false, tools: [], toolCount: 0, problems: [], auth }
  }
}

const NOTHING: Lease = { method: 'none', fields: {}, captured: {}, generation: 'none' }
const DEAF: ConnectorEvents = {
  onTools: () => undefined,
  onFeatures: () => undefined,
  onResourceUpdated: () => undefined,
  onLost: () => undefined,
}

const fixed = (lease: Lease): Credentials => ({
  lease: () => Promise.resolve(lease),
  renew: () => Promise.resolve(undefined),
  report: () => Promise.resolve(),
})

const wantsCredential = (error: unknown): error is GatewayError =>
  error instanceof GatewayError && (error.data['reauth'] === true || error.code === 'insufficient_scope')

/** A server that publishes no authorization server wants something that an admin has from elsewhere. */
async function authOf(
  { url, allowPrivateNetwork }: Extract<McpTransport, { url: URL }>,
  { data }: GatewayError,
  deps: McpDeps,
  signal: AbortSignal,
): Promise<DiscoveredAuth> {
  const { resourceMetadata } = data
  const challenge = { ...(typeof resourceMetadata === 'string' && { resourceMetadata }), ...scopesIn(data) }
  try {
    const { issuer, scopes, registration } = await discoverMcpAuth(
      url,
      challenge,
      { ...deps, allowPrivateNetwork },
      signal,
    )
    return { kind: 'oauth', issuer, scopes, registration }
  } catch (error) {
    if (error instanceof GatewayError && NO_SIGN_IN.has(error.code)) return { kind: 'key' }
    throw error
  }
}

const scopesIn = ({ scopes }: JsonObject) => (Array.isArray(scopes) ? { scopes: scopes.map(String) } : {})

function toDiscovery(connected: Connected): McpDiscovery {
  const { server, capabilities, instructions, tools } = connected
  return {
    connected: true,
    ...(server && { server }),
    capabilities,
    ...(instructions !== undefined && { instructions: instructions.slice(0, MAX_INSTRUCTIONS) }),
    tools: tools.slice(0, MAX_TOOLS).map(toTool),
    toolCount: tools.length,
    problems: connected.problems?.() ?? [],
    auth: { kind: 'enough' },
  }
}

const toTool = ({ definition: { name, title, description, annotations }, traits }: SourceTool): DiscoveredTool => ({
  name,
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description: description.slice(0, MAX_DESCRIPTION) }),
  effect: traits.effect,
  external: traits.external,
  ...(annotations && { annotations }),
})
