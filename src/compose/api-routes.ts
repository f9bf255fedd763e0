import { beginConnecting } from '../admin/connecting.ts'
import { approvalRoutes } from '../http/api-approvals.ts'
import { connectionDeedRoutes } from '../http/api-connections-deeds.ts'
import { mcpServerRoutes } from '../http/api-connections-mcp.ts'
import { connectionRoutes } from '../http/api-connections.ts'
import { oauthCallbackRoute } from '../http/api-oauth-callback.ts'
import { providerRoutes } from '../http/api-providers.ts'
import { oauthApiRoutes } from '../http/oauth-api.ts'
import type { Route } from '../http/route.ts'
import { KNOWN_SERVERS } from '../sources/known-servers.ts'
import type { DoorDeps } from './door.ts'

/** The routes of the API that stand on more than the use cases of admins. */
export function apiRoutesOf(deps: DoorDeps, origin: () => string): readonly Route[] {
  const { admin, approvals, connecting, config } = deps
  const discovery = { discover: connecting.discover, allowedCommands: () => config().stdio.allowedCommands }
  return [
    ...approvalRoutes({ admin, ...approvals }),
    ...connectionRoutes(admin),
    ...connectionDeedRoutes(admin),
    ...mcpServerRoutes({ ...admin, discovery }, KNOWN_SERVERS),
    ...providerRoutes(admin),
    ...oauthApiRoutes({
      flows: connecting.flows,
      begin: (principal, request) => beginConnecting({ ...admin, connecting }, principal, request),
      publicUrl: () => new URL(origin()),
    }),
    oauthCallbackRoute(),
  ]
}
