import * as z from 'zod'
import { asAdmin } from '../admin/admin.ts'
import { type DiscoveryDeps, discoverMcpServer, discoveryRequestSchema } from '../admin/discover.ts'
import type { JsonObject } from '../kernel/json.ts'
import { anyObject } from './answers.ts'
import { type Route, defineRoute, ok } from './route.ts'

const discovery = z
  .looseObject({
    connected: z.boolean().describe('False when the server wants a credential first: then only `auth` is known.'),
    server: anyObject.optional(),
    capabilities: anyObject.optional(),
    tools: z.array(anyObject),
    toolCount: z.number(),
    problems: z.array(z.string()),
    auth: z.looseObject({ kind: z.enum(['enough', 'oauth', 'key']) }),
  })
  .meta({ id: 'McpDiscovery' })

/** `/connections/mcp`: downstream MCP servers that are known, and a look at one that is not saved. */
export const mcpServerRoutes = (deps: DiscoveryDeps, known: readonly object[]): readonly Route[] => [
  defineRoute(
    {
      method: 'get',
      path: '/connections/mcp/providers',
      summary: 'List MCP servers that many people use, with what is known of them',
      tag: 'connections',
      needs: 'viewer',
      deed: 'providers.read',
      answers: {
        200: { description: 'The servers.', schema: z.looseObject({ items: z.array(anyObject) }) },
      },
    },
    async ({ principal }) =>
      ok(await asAdmin(deps, principal, { type: 'providers.read', kind: 'look' }, () => ({ items: known }))),
  ),
  defineRoute(
    {
      method: 'post',
      path: '/connections/mcp/discover',
      summary: 'Connect to an MCP server that is not saved, and tell what it is, offers and wants',
      tag: 'connections',
      needs: 'admin',
      deed: 'mcp.discovered',
      body: discoveryRequestSchema,
      answers: { 200: { description: 'What was found.', schema: discovery } },
      problems: ['egress_blocked', 'upstream_failed', 'upstream_invalid', 'upstream_timeout'],
    },
    async ({ principal, body, signal }) => ok(toJson(await discoverMcpServer(deps, principal, body, signal))),
  ),
]

const toJson = (found: object): JsonObject => ({ ...found })
