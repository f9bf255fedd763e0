import { type Context, Hono } from 'hono'
import type { AdminDeps } from '../admin/admin.ts'
import type { ReplayBook } from '../admin/replay-book.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { anyObject } from './answers.ts'
import { agentRoutes } from './api-agents.ts'
import { aliasRoutes } from './api-aliases.ts'
import { auditRoutes } from './api-audit.ts'
import { callRoutes } from './api-call.ts'
import { peopleRoutes } from './api-people.ts'
import { personKeyRoutes } from './api-person-keys.ts'
import { policyChangeRoutes } from './api-policy-changes.ts'
import { policyPlanRoutes } from './api-policy-plan.ts'
import { policyRoutes } from './api-policy.ts'
import { statusRoutes } from './api-status.ts'
import { toolRoutes } from './api-tools.ts'
import { vaultRoutes } from './api-vault.ts'
import { freezeRoutes } from './api-freezes.ts'
import { mountRoutes } from './mount.ts'
import { openApiDocument } from './openapi.ts'
import { type Route, defineRoute, ok } from './route.ts'

export interface ApiDeps {
  readonly admin: AdminDeps
  /** Who is asking; throws `unauthenticated`. */
  readonly authenticate: (c: Context) => Promise<Principal>
  /** Aborted when the application stops: ends streams that would never end by themselves. */
  readonly stopping?: AbortSignal
  /** Answers that are repeated for an `Idempotency-Key`. */
  readonly replays: ReplayBook
  /** Routes of other rooms, mounted and described like the API's own. */
  readonly routes?: readonly Route[]
}

/** The API's own routes and those of other rooms, as they are mounted and described. */
export function apiRoutes({
  admin,
  stopping = new AbortController().signal,
  routes = [],
}: Omit<ApiDeps, 'authenticate' | 'replays'>): readonly Route[] {
  const who = [...agentRoutes(admin), ...peopleRoutes(admin), ...personKeyRoutes(admin)]
  const own = [...statusRoutes(admin), ...who, ...toolRoutes(admin), ...callRoutes(admin)]
  const all: Route[] = [
    ...own,
    ...policyRoutes(admin),
    ...policyChangeRoutes(admin),
    ...policyPlanRoutes(admin),
    ...aliasRoutes(admin),
    ...vaultRoutes(admin),
    ...freezeRoutes(admin),
    ...auditRoutes(admin, stopping),
    ...routes,
  ]
  all.push(openApiRoute(() => all, admin.version))
  return all
}

/**
 * The use cases of admins as REST, to be mounted under `/api`. Lists are pages `{ items, nextCursor }`; failures are
 * thrown as GatewayError and become RFC 9457 problems in the application around it.
 */
export function apiApp(deps: ApiDeps): Hono {
  const { admin, authenticate, replays } = deps
  const app = new Hono()
  app.use(async (c, next) => {
    c.header('Cache-Control', 'no-store')
    await next()
  })
  mountRoutes(app, apiRoutes(deps), {
    authenticate,
    replays,
    refused: (principal, deed, { code }) =>
      admin.audit.append({
        type: deed,
        phase: 'event',
        at: admin.clock(),
        principal: principal.id,
        outcome: 'denied',
        code,
      }),
  })
  app.all('*', async (c) => {
    await authenticate(c)
    throw new GatewayError('not_found', `There is no ${c.req.method} ${c.req.path}.`)
  })
  return app
}

/** The document describes itself, too. It tells nothing of this installation. */
const openApiRoute = (routes: () => readonly Route[], version: string): Route =>
  defineRoute(
    {
      method: 'get',
      path: '/openapi.json',
      summary: 'Describe this API in OpenAPI 3.1',
      tag: 'gateway',
      needs: 'anyone',
      deed: 'openapi.read',
      answers: { 200: { description: 'The document.', schema: anyObject } },
    },
    () => Promise.resolve(ok(openApiDocument(routes(), { version }))),
  )
