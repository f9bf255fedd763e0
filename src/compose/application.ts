import type { Context } from 'hono'
import { replayBook } from '../admin/replay-book.ts'
import { apiApp } from '../http/api.ts'
import { type HttpDeps, httpApp } from '../http/app.ts'
import { credentialsOf } from '../http/credentials.ts'
import { metricsPage } from '../http/metrics.ts'
import type { Identity } from '../identity/identity.ts'
import type { Secret } from '../kernel/secret.ts'
import { seal } from '../vault/seal.ts'
import { apiRoutesOf } from './api-routes.ts'
import type { DoorDeps } from './door.ts'
import { browsing } from './pages.ts'

export type Application = ReturnType<typeof httpApp>

export interface ApplicationOptions {
  /** Where people reach our pages, without a slash at the end. */
  origin(): string
  /** Aborted when the gateway stops. */
  readonly stopping: AbortSignal
  /** What scrapers show. */
  readonly metricsToken: Secret | undefined
}

/** Everything that is served over HTTP: MCP, the API, pages for people, metrics. */
export function application(
  deps: DoorDeps,
  parts: HttpDeps & { readonly identity: Identity },
  { origin, stopping, metricsToken }: ApplicationOptions,
): Application {
  const { world, admin, clock } = deps
  const { identity } = parts
  const authenticate = (c: Context) => identity.authenticate(credentialsOf(c))
  const { pages } = browsing(deps, { identity, origin })
  return httpApp({
    ...parts,
    pages: [...pages, metricsPage({ ...deps.metrics, authenticate, token: metricsToken })],
    api: apiApp({
      admin,
      authenticate,
      stopping,
      replays: replayBook({ store: world.store, seal: seal(world.vault.derive('replays'), 'replays'), clock }),
      routes: apiRoutesOf(deps, origin),
    }),
  })
}
