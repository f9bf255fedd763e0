import type { Context, Hono } from 'hono'
import * as z from 'zod'
import { may, refusal, rolesOf } from '../admin/authority.ts'
import type { ReplayBook } from '../admin/replay-book.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Principal } from '../kernel/principal.ts'
import { parseBody, readBodyText, readQuery } from './api-input.ts'
import { ifMatchOf, notModified, toEtag } from './etag.ts'
import { once } from './idempotency.ts'
import type { Asked, Method, Reply, Route } from './route.ts'

export interface MountDeps {
  /** Who is asking; throws `unauthenticated`. */
  readonly authenticate: (c: Context) => Promise<Principal>
  /** Records that somebody was refused; `deed` is the audit event's type. */
  readonly refused: (principal: Principal, deed: string, error: GatewayError) => Promise<void>
  /** For what may be created once only. */
  readonly replays: ReplayBook
}

const STREAM = 'text/event-stream'

/**
 * Puts routes on an application. An address with fixed words wins over one with parameters, whatever their order, for the
 * methods that it takes; others are left to the one with parameters: something may have that name.
 */
export function mountRoutes(app: Hono, routes: readonly Route[], deps: MountDeps): void {
  const paths = [...new Set(routes.map(({ spec }) => spec.path))].toSorted(fixedWordsFirst)
  for (const path of paths) {
    const own = routes.filter(({ spec }) => spec.path === path)
    const wider = routes.filter(({ spec }) => spec.path !== path && covers(spec.path, path))
    const at = toHonoPath(path)
    for (const route of own) app.on(route.spec.method.toUpperCase(), at, (c) => serve(c, route, deps))
    const allow = allowOf([...own, ...wider].map(({ spec }) => spec.method))
    app.options(at, (c) => c.body(null, 204, { allow }))
    app.all(at, async (c, next) => {
      if (allow.split(', ').includes(c.req.method)) return next()
      const detail = `${c.req.path} does not take ${c.req.method}. It takes: ${allow}.`
      throw new GatewayError('method_not_allowed', detail, { data: { allow } })
    })
  }
}

/** Every address that the one names is one of the other, too. */
function covers(wide: string, narrow: string): boolean {
  const [wider, own] = [wide.split('/'), narrow.split('/')]
  return wider.length === own.length && wider.every((part, index) => part === own[index] || part.startsWith('{'))
}

async function serve(c: Context, route: Route, deps: MountDeps): Promise<Response> {
  const { spec } = route
  const principal = await admit(c, route, deps)
  if (c.req.method === 'HEAD' && spec.answers[200]?.mediaType === STREAM) {
    return c.body(null, 200, { 'content-type': STREAM })
  }
  const text = spec.body || spec.creates === true ? await readBodyText(c) : ''
  const asked: Asked<'anyone', string, unknown, unknown> = {
    principal,
    params: paramsOf(c),
    query: readQuery(c, spec.query ?? z.strictObject({})),
    ifMatch: ifMatchOf(c, spec.ifMatch),
    body: spec.body && parseBody(text, spec.body),
    signal: c.req.raw.signal,
    recheck: () => readmit(c, route, deps, principal),
    requestId: requestIdOf(c),
    context: c,
  }
  const run = (): Promise<Reply | Response> => route.run(asked)
  return toResponse(c, await (spec.creates === true ? once(deps.replays, asked, text, run) : run()))
}

/** Nobody for routes that are open to anyone: a credential is not even looked at there. */
async function admit(c: Context, { spec }: Route, deps: MountDeps): Promise<Principal | undefined> {
  if (spec.needs === 'anyone') return undefined
  const principal = await deps.authenticate(c)
  if (may(principal, spec.needs)) return principal
  const error = refusal(principal, spec.needs)
  await deps.refused(principal, spec.deed, error)
  throw error
}

/** What was shown so far was for the roles that the caller had. */
async function readmit(c: Context, { spec }: Route, deps: MountDeps, before: Principal | undefined): Promise<void> {
  if (!before) return
  const now = await deps.authenticate(c)
  if (!may(now, spec.needs)) throw refusal(now, spec.needs)
  if (namesOf(now) === namesOf(before)) return
  throw new GatewayError('forbidden', 'Your roles have changed since this answer began. Ask again.')
}

const namesOf = (principal: Principal): string => rolesOf(principal).toSorted().join()

function toResponse(c: Context, reply: Reply | Response): Response {
  if (reply instanceof Response) return reply
  const { status, body, version, headers = {} } = reply
  const etag = version === undefined ? undefined : toEtag(version)
  const all = { ...headers, ...(etag !== undefined && { etag }) }
  if (etag !== undefined && status === 200 && notModified(c, etag)) return c.body(null, 304, all)
  return status === 204 ? c.body(null, 204, all) : c.json(body, status, all)
}

const MOST_PARAM_CHARACTERS = 1_000

function paramsOf(c: Context): Readonly<Record<string, string>> {
  const params = c.req.param()
  for (const [name, value] of Object.entries(params)) {
    if (value.length <= MOST_PARAM_CHARACTERS) continue
    throw new GatewayError('invalid_request', `The ${name} in the address is longer than anything here.`)
  }
  return params
}

/** The application around sets it; in tests of the API alone nobody does. */
function requestIdOf(c: Context): string | undefined {
  const id: unknown = c.get('requestId')
  return typeof id === 'string' ? id : undefined
}

const toHonoPath = (path: string): string => path.replaceAll(/\{([^}]+)\}/g, ':$1')

const allowOf = (methods: readonly Method[]): string =>
  [...new Set([...methods, ...(methods.includes('get') ? ['head'] : []), 'options'])]
    .map((method) => method.toUpperCase())
    .toSorted()
    .join(', ')

/** `{` sorts after every letter, so that `/a/b` comes before `/a/{id}`. */
const fixedWordsFirst = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
