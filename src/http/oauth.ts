import { type Context, Hono } from 'hono'
import { may } from '../admin/authority.ts'
import type { Log } from '../gateway/gateway.ts'
import type { ConnectFlows, Visitor } from '../kernel/connect-flow.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { CALLBACK_PATH, redirectUriOf } from './addresses.ts'
import { readForm } from './form.ts'
import { browserCookie } from './oauth-cookie.ts'
import { callbackPage } from './pages/callback.ts'
import { connectPage } from './pages/connect.ts'
import { problemPage } from './pages/problem.ts'
import type { Sessions } from './sessions.ts'

/** Longer addresses are no answer of a service. Characters. */
const MOST_CHARACTERS = 32_768

export interface ConnectRoutesDeps {
  readonly flows: ConnectFlows
  readonly sessions: Pick<Sessions, 'sessionOf' | 'csrfOf' | 'checkForm'>
  /** Where browsers reach us. Asked for each request: the port is known late. */
  readonly publicUrl: () => URL
  /** Whether the browser is on this machine and nobody signs in here, so that whoever is there may connect. */
  readonly isLocal?: (c: Context) => boolean
  /** Where to sign in on the way to an address of ours. */
  readonly signInUrl?: (next: string) => string
  readonly log: Log
}

/**
 * `GET /connect/:flow` says what will be connected, `POST` on it sends the browser to the service, and
 * `GET /oauth/callback` takes the answer in. All of them answer people with pages.
 */
export function connectRoutes(deps: ConnectRoutesDeps): Hono {
  const { flows, sessions, publicUrl } = deps
  const cookie = browserCookie(publicUrl)
  const visitor = (c: Context): Visitor | undefined => {
    const person = sessions.sessionOf(c)
    return person ? visitorOf(person) : deps.isLocal?.(c) === true ? 'local' : undefined
  }
  const app = new Hono()
  app.get('/connect/:flow', async (c) => {
    const id = c.req.param('flow')
    const who = visitor(c)
    if (who === undefined && deps.signInUrl) {
      return c.redirect(deps.signInUrl(`/connect/${encodeURIComponent(id)}`), 303)
    }
    const flow = await flows.page(id, who)
    if (flow.status !== 'pending') return await callbackPage(flow)
    const page = await connectPage(flow, sessions.csrfOf(c))
    // Cookies that were set on the way belong to this answer.
    return c.body(await page.text(), 200, Object.fromEntries(page.headers))
  })
  app.post('/connect/:flow', async (c) => {
    sessions.checkForm(c, await readForm(c))
    const from = { browserToken: cookie.read(c), visitor: visitor(c) }
    const { url, browserToken } = await flows.start(c.req.param('flow'), from)
    cookie.write(c, browserToken)
    return c.redirect(url, 303)
  })
  app.get(CALLBACK_PATH, async (c) => {
    if (c.req.url.length > MOST_CHARACTERS) {
      throw new GatewayError('payload_too_large', 'The answer of the service is far too long. Connect again.')
    }
    const flow = await flows.finish({
      params: new URL(c.req.url).searchParams,
      redirectUri: redirectUriOf(publicUrl()),
      browserToken: cookie.read(c),
      visitor: visitor(c),
    })
    return await callbackPage(flow)
  })
  app.onError((error, c) => {
    const requestId = requestIdOf(c)
    if (!(error instanceof GatewayError)) deps.log.error({ requestId, path: c.req.path }, 'a page failed', error)
    return problemPage(toGatewayError(error), requestId)
  })
  return app
}

/** Who a signed-in person, or the caller of the API, is to a flow. */
export const visitorOf = (principal: Principal): Visitor => ({
  principalId: principal.id,
  user: principal.user,
  admin: may(principal, 'admin'),
})

/** Set by the application around these routes. */
function requestIdOf(c: Context): string | undefined {
  const id: unknown = c.get('requestId')
  return typeof id === 'string' ? id : undefined
}
