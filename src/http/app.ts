import { type Context, Hono, type MiddlewareHandler } from 'hono'
import type { Log } from '../gateway/gateway.ts'
import type { Identity } from '../identity/identity.ts'
import { checkHost, checkOrigin } from '../identity/origin.ts'
import type { NewId } from '../kernel/clock.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { McpHttp } from '../mcp/streamable-http.ts'
import { readText } from './body.ts'
import { credentialsOf } from './credentials.ts'
import { problemResponse } from './problem.ts'
import { MAX_BODY_BYTES, refusePerson, SECURITY_HEADERS } from './rules.ts'

const METADATA = '/.well-known/oauth-protected-resource'
/** Orchestrators ask these by address, under no name of ours; they tell nothing. */
const HEALTH = new Set(['/livez', '/readyz', '/healthz'])

/** What every request of the application knows. */
export interface HttpEnv {
  readonly Variables: { requestId: string }
}

export interface HttpDeps {
  readonly identity: Pick<Identity, 'authenticate' | 'challenge' | 'metadata'>
  readonly mcp: Pick<McpHttp, 'handle'>
  /** Who may speak to us, as Host and Origin headers say it. The same lists until they change. */
  readonly allowed: () => { readonly hosts: readonly string[]; readonly origins: readonly string[] }
  /** Undefined when calls can be served; else why not. */
  readonly notReady: () => string | undefined
  /** Whether `/mcp/<name>` serves a toolset now. */
  readonly hasToolset?: (name: string) => boolean
  readonly newId: NewId
  readonly log: Log
  /** The largest body of an MCP request. */
  readonly maxBodyBytes?: number
  /** The REST API, to be mounted under `/api`. */
  readonly api?: Hono
  /** Pages for people's browsers, each with its own addresses. */
  readonly pages?: readonly Hono[]
}

/** Everything that this process serves over HTTP. Who may call is settled before any byte of a body is read. */
export function httpApp(deps: HttpDeps): Hono<HttpEnv> {
  const { identity, mcp, log, maxBodyBytes = MAX_BODY_BYTES, hasToolset = () => false } = deps
  const app = new Hono<HttpEnv>()
  app.use(frame(deps))
  const serve = async (c: Context<HttpEnv>): Promise<Response> => {
    const principal = await identity.authenticate(credentialsOf(c))
    refusePerson(principal)
    const caller = { principal, requestId: c.var.requestId, toolset: toolsetOf(c) }
    const request = c.req.raw
    if (request.method !== 'POST') return mcp.handle({ request, ...caller })
    return mcp.handle({ request, text: await readText(request, maxBodyBytes), ...caller })
  }
  const toolsetOf = (c: Context<HttpEnv>): string | undefined => {
    const name = c.req.param('toolset')
    if (name === undefined || hasToolset(name)) return name
    throw new GatewayError('not_found', `There is no ${c.req.method} ${c.req.path}.`)
  }
  app.all('/mcp', serve)
  app.all('/mcp/:toolset', serve)
  if (deps.api) app.route('/api', deps.api)
  for (const page of deps.pages ?? []) app.route('/', page)
  for (const path of metadataPaths(identity)) app.get(path, (c) => c.json(identity.metadata?.document))
  app.get('/livez', (c) => c.json({ status: 'ok' }))
  for (const path of ['/readyz', '/healthz']) app.get(path, (c) => readiness(c, deps.notReady()))
  app.notFound((c) => refuse(c, new GatewayError('not_found', `There is no ${c.req.method} ${c.req.path}.`)))
  app.onError((error, c) => {
    const { requestId } = c.var
    if (!(error instanceof GatewayError)) log.error({ requestId, path: c.req.path }, 'an HTTP request failed', error)
    return refuse(c, toGatewayError(error))
  })
  const refuse = (c: Context<HttpEnv>, error: GatewayError): Response => {
    const response = problemResponse(error, c.var.requestId, (failure) => identity.challenge(failure))
    secure(response.headers, c.var.requestId)
    return response
  }
  return app
}

/** Around every request: its id, whether it may speak to us at all, and headers that keep browsers from making use of answers. */
const frame =
  ({ allowed, newId }: HttpDeps): MiddlewareHandler<HttpEnv> =>
  async (c, next) => {
    const requestId = newId()
    c.set('requestId', requestId)
    if (!HEALTH.has(c.req.path)) {
      const { hosts, origins } = allowed()
      checkHost(c.req.header('host'), hosts)
      checkOrigin(c.req.header('origin'), origins)
    }
    await next()
    secure(c.res.headers, requestId)
  }

function secure(headers: Headers, requestId: string): void {
  if (!headers.has('x-request-id')) headers.set('x-request-id', requestId)
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!headers.has(name)) headers.set(name, value)
}

/** RFC 9728 §3.1 puts the resource's path behind the well-known part; clients also try without it. */
const metadataPaths = ({ metadata }: Pick<Identity, 'metadata'>): ReadonlySet<string> =>
  new Set(metadata ? [METADATA, `${METADATA}/mcp`, metadata.path] : [])

const readiness = (c: Context, problem: string | undefined): Response =>
  problem === undefined ? c.json({ status: 'ok' }) : c.json({ status: 'unavailable', reason: problem }, 503)
