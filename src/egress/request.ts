import { request as send } from 'undici'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../kernel/errors.ts'
import type { Bulkhead } from './bulkhead.ts'
import { checkHeaders, checkUrl } from './check-request.ts'
import type { Circuits } from './circuits.ts'
import { deadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { endedEarly, toEgressError } from './failure.ts'
import type { Drawing, Quotas } from './quotas.ts'
import { readBody, tooLarge } from './read-body.ts'
import { MAX_REDIRECTS, nextHop } from './redirect.ts'
import type { Hop } from './redirect.ts'
import { retryDelay } from './retry.ts'
import type { RetryDeps } from './retry.ts'

/** One outgoing request. Its body is bytes at hand, so that it can be repeated. */
export interface EgressRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array | undefined
  readonly signal: AbortSignal
  /** For all of it: every try, every redirect, the last byte of the body. */
  readonly timeoutMs: number
  readonly maxBytes: number
  /** Lets the request reach loopback and private addresses, over http too. */
  readonly allowPrivateNetwork: boolean
  /** Doing it twice is doing it once: it may be tried again. */
  readonly idempotent: boolean
  /** Redirects stay at or under this address; without it, on the origin of `url`. */
  readonly within?: URL
  /** Requests of one lane, such as a connection's, share places and breaker; without it, those to one host. */
  readonly lane?: string
  /** Whose limits at the service the request uses, within its lane: of several credentials each has its own. */
  readonly account?: string
}

/** Header names are in lower case; repeated ones are joined with a comma. */
export interface EgressReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface RequestDeps extends RetryDeps {
  dispatcher(allowPrivateNetwork: boolean): Dispatcher
  readonly bulkhead: Bulkhead
  readonly circuits: Circuits
  readonly quotas: Quotas
  /** Rejects when the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Sends one request with every guard on. Any HTTP status is a reply; throws `egress_blocked`, `invalid_input` (headers),
 * `upstream_failed`, `upstream_timeout`, `upstream_invalid` (too large, not HTTP) or `cancelled`; and, with `retryAfterMs`
 * and before anything is sent, `overloaded` (the lane is full), `rate_limit_exceeded` (the service has said so) or
 * `upstream_failed` (it could not be reached several times).
 */
export async function sendRequest(deps: RequestDeps, request: EgressRequest): Promise<EgressReply> {
  checkUrl(request.url, request.allowPrivateNetwork)
  checkHeaders(request.headers)
  deps.quotas.check(drawingOf(request))
  const ended = deps.circuits.enter(laneOf(request))
  const limit = deadline(request.signal, request.timeoutMs)
  try {
    const reply = await tryRepeatedly(deps, request, limit)
    ended('ok')
    return reply
  } catch (error) {
    const failure = failureOf(error, request, limit)
    ended(UNREACHABLE.has(failure.code) ? 'failed' : 'unknown')
    throw failure
  } finally {
    limit.dispose()
  }
}

const UNREACHABLE: ReadonlySet<string> = new Set(['upstream_failed', 'upstream_timeout'])

function failureOf(
  error: unknown,
  { url: { host }, timeoutMs, idempotent }: EgressRequest,
  limit: Deadline,
): GatewayError {
  if (error instanceof GatewayError) return error
  const reason = limit.reason()
  return reason ? endedEarly(reason, host, timeoutMs, idempotent) : toEgressError(error, host, idempotent)
}

const laneOf = ({ lane, url }: EgressRequest): string => lane ?? url.host

/** The first word of the path tells parts of a service apart as well as anything does: `search`, `repos`, `chat.postMessage`. */
function drawingOf(request: EgressRequest): Drawing {
  const { url, within, account = '' } = request
  const prefix = within?.pathname.replace(/\/$/, '') ?? ''
  const path = url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : url.pathname
  return { account: `${laneOf(request)} ${account}`, part: path.split('/', 2)[1] ?? '', host: url.host }
}

async function tryRepeatedly(deps: RequestDeps, request: EgressRequest, limit: Deadline): Promise<EgressReply> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await tryOnce(deps, request, limit, attempt).then(
      (reply) => ({ reply }),
      (error: unknown) => ({ error }),
    )
    const delay = request.idempotent && !limit.reason() ? retryDelay(outcome, attempt, deps) : undefined
    if (delay !== undefined) await deps.sleep(delay, limit.signal)
    else if ('reply' in outcome) return outcome.reply
    else throw outcome.error
  }
}

/** A place is held while something is under way, and given back while we wait to try again. */
function tryOnce(deps: RequestDeps, request: EgressRequest, limit: Deadline, attempt: number): Promise<EgressReply> {
  const drawing = drawingOf(request)
  return deps.bulkhead.run(laneOf(request), limit, async () => {
    // Whoever was in front may have used the limit up.
    if (attempt === 1) deps.quotas.check(drawing)
    const reply = await followRedirects(deps, request, limit)
    deps.quotas.learn(drawing, reply)
    return reply
  })
}

async function followRedirects(deps: RequestDeps, request: EgressRequest, limit: Deadline): Promise<EgressReply> {
  let hop: Hop = request
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    const reply = await sendOnce(deps, request, hop, limit)
    const next = nextHop(hop, reply.status, reply.headers['location'], request.within)
    if (!next) return reply
    checkUrl(next.url, request.allowPrivateNetwork)
    hop = next
  }
  throw new GatewayError('upstream_invalid', `${request.url.host} redirected more than ${MAX_REDIRECTS} times.`)
}

async function sendOnce(deps: RequestDeps, request: EgressRequest, hop: Hop, limit: Deadline): Promise<EgressReply> {
  const { timeoutMs, maxBytes } = request
  const { statusCode, headers, body } = await send(hop.url, {
    dispatcher: deps.dispatcher(request.allowPrivateNetwork),
    method: hop.method,
    headers: { 'accept-encoding': 'gzip', ...request.headers },
    body: hop.body ?? null,
    signal: limit.signal,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  })
  const flat = flatten(headers)
  const host = hop.url.host
  if (hop.method !== 'HEAD' && Number(flat['content-length'] ?? 0) > maxBytes) {
    body.on('error', () => undefined).destroy()
    throw tooLarge({ host, maxBytes })
  }
  return {
    status: statusCode,
    headers: flat,
    body: await readBody(body, { host, maxBytes, encoding: flat['content-encoding'] }),
  }
}

const flatten = (headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
