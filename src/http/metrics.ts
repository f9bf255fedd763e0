import { createHash, timingSafeEqual } from 'node:crypto'
import { type Context, Hono } from 'hono'
import { may, refusal } from '../admin/authority.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Secret } from '../kernel/secret.ts'

export interface MetricsDeps {
  /** Who is asking; throws `unauthenticated`. */
  readonly authenticate: (c: Context) => Promise<Principal>
  /** What a scraper may show in the place of a person's key. */
  readonly token: Secret | undefined
  /** The exposition, and its media type. */
  readonly text: () => Promise<string>
  readonly contentType: string
}

/**
 * `GET /metrics`: for the configured token, or for people with a role. Nobody else, on this machine neither: behind a proxy
 * every request comes from this machine. Throws `unauthenticated` or `forbidden`.
 */
export function metricsPage({ authenticate, token, text, contentType }: MetricsDeps): Hono {
  const app = new Hono()
  app.get('/metrics', async (c) => {
    if (!isToken(c.req.header('authorization'), token)) refuseOthers(await authenticate(c))
    return c.body(await text(), 200, { 'content-type': contentType })
  })
  return app
}

function refuseOthers(principal: Principal): void {
  if (!may(principal, 'viewer')) throw refusal(principal, 'viewer')
}

function isToken(authorization: string | undefined, token: Secret | undefined): boolean {
  const shown = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]
  return shown !== undefined && token !== undefined && timingSafeEqual(digest(shown), digest(token.reveal()))
}

/** Of equal length whatever was shown, so that comparing takes the same time. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
