import { type Context, Hono } from 'hono'
import type { AdminDeps } from '../admin/admin.ts'
import { reloadConfig, status } from '../admin/status.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { agentRoutes } from './api-agents.ts'
import { auditRoutes } from './api-audit.ts'
import type { ApiEnv } from './api-input.ts'
import { toolRoutes } from './api-tools.ts'

export interface ApiDeps {
  readonly admin: AdminDeps
  /** Who is asking; throws `unauthenticated`. Whether it is an admin is for the use cases to say. */
  readonly authenticate: (c: Context) => Promise<Principal>
  /** Aborted when the application stops: ends streams that would never end by themselves. */
  readonly stopping?: AbortSignal
}

/**
 * The use cases of admins as REST, to be mounted under `/api`. Lists are pages `{ items, nextCursor }`; failures are
 * thrown as GatewayError and become RFC 9457 problems in the application around it.
 */
export function apiApp({ admin, authenticate, stopping = new AbortController().signal }: ApiDeps): Hono<ApiEnv> {
  const app = new Hono<ApiEnv>()
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store')
    c.set('principal', await authenticate(c))
    await next()
  })
  app.get('/status', async (c) => c.json(await status(admin, c.var.principal)))
  app.post('/config/reload', async (c) => c.json(await reloadConfig(admin, c.var.principal)))
  app.route('/', agentRoutes(admin))
  app.route('/', toolRoutes(admin))
  app.route('/', auditRoutes(admin, stopping))
  app.all('*', (c) => {
    throw new GatewayError('not_found', `There is no ${c.req.method} ${c.req.path}.`)
  })
  return app
}
