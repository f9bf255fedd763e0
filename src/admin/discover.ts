import * as z from 'zod'
import type { Lease } from '../kernel/credential.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { McpDiscovery, McpTarget } from '../kernel/mcp-discovery.ts'
import type { Principal } from '../kernel/principal.ts'
import { Secret } from '../kernel/secret.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { checkCommand } from './discover-commands.ts'

/** What looking at MCP servers is done with. */
export interface DiscoveryDeps extends AdminDeps {
  readonly discovery: {
    /** Connects, lists, lets go; see `discoverMcp` of sources. */
    discover(target: McpTarget, signal: AbortSignal): Promise<McpDiscovery>
    /** `stdio.allowedCommands` of the configuration. */
    allowedCommands(): readonly string[]
  }
}

const secret = z
  .string()
  .min(1)
  .max(65_536)
  .transform((text) => new Secret(text))
const fields = z.record(z.string().min(1).max(128), secret).default({})

const processSchema = z.strictObject({
  command: z.string().min(1).max(4_096).describe('Program to start; `stdio.allowedCommands` must allow it.'),
  args: z.array(z.string().max(8_192)).max(200).default([]),
  env: fields.describe('Environment variables; never shown again.'),
})

const remoteSchema = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .max(2_048)
    .describe('Endpoint of the server.'),
  transport: z.enum(['auto', 'http', 'sse']).default('auto'),
  auth: z
    .strictObject({ method: z.enum(['none', 'key', 'bearer', 'basic']), fields })
    .optional()
    .describe('The credential to look with; never stored.'),
  allowPrivateNetwork: z.boolean().default(false).describe('Only for servers that you run.'),
})

/** Body of a look at an MCP server: either a program or a URL. */
export const discoveryRequestSchema = z.union([processSchema, remoteSchema])
export type DiscoveryRequest = z.output<typeof discoveryRequestSchema>

/**
 * Connects to an MCP server that is not saved, with the authority that saving it takes, and tells what it is, what it offers and
 * how it wants to be signed in to. Starts only programs that the configuration allows. Rejects with `forbidden`,
 * `egress_blocked`, `upstream_*` or `connection_unusable`.
 */
export const discoverMcpServer = (
  deps: DiscoveryDeps,
  principal: Principal,
  request: DiscoveryRequest,
  signal: AbortSignal,
): Promise<McpDiscovery> =>
  asAdmin(deps, principal, { type: 'mcp.discovered', kind: 'change', facts: { detail: toDetail(request) } }, () => {
    if ('command' in request) {
      const { command, args, env } = request
      checkCommand({ command, args, env: Object.keys(env) }, deps.discovery.allowedCommands())
    }
    return deps.discovery.discover(toTarget(request), signal)
  })

/** For the audit log: a URL without its query, a program without its arguments. Both may hold secrets. */
function toDetail(request: DiscoveryRequest): JsonObject {
  if ('command' in request) return { command: request.command }
  const { origin, pathname } = new URL(request.url)
  return { url: `${origin}${pathname}`, method: request.auth?.method ?? 'none' }
}

function toTarget(request: DiscoveryRequest): McpTarget {
  if ('command' in request) return { transport: { kind: 'stdio', ...request } }
  const { url, transport, auth, allowPrivateNetwork } = request
  const lease: Lease | undefined = auth && { ...auth, captured: {}, generation: 'discovery' }
  return {
    transport: {
      kind: transport === 'sse' ? 'sse' : 'http',
      url: new URL(url),
      headers: {},
      fallbackToSse: transport === 'auto',
      allowPrivateNetwork,
    },
    lease,
  }
}
