import { request as send } from 'undici'
import type { Dispatcher } from 'undici'
import { GatewayError } from '../kernel/errors.ts'
import { checkHeaders, checkUrl } from './check-request.ts'
import { deadline } from './deadline.ts'
import type { Deadline } from './deadline.ts'
import { endedEarly, toEgressError } from './failure.ts'
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
}

/** Header names are in lower case; repeated ones are joined with a comma. */
export interface EgressReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export interface RequestDeps extends RetryDeps {
  dispatcher(allowPrivateNetwork: boolean): Dispatcher
  /** Rejects when the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

/**
 * Sends one request with every guard on. Any HTTP status is a reply; throws `egress_blocked`, `invalid_input` (headers),
 * `upstream_failed`, `upstream_timeout`, `upstream_invalid` (too large, not HTTP) or `cancelled`.
 */
export async function sendRequest(deps: RequestDeps, request: EgressRequest): Promise<EgressReply> {
  checkUrl(request.url, request.allowPrivateNetwork)
  checkHeaders(request.headers)
  const limit = deadline(request.signal, request.timeoutMs)
  try {
    return await tryRepeatedly(deps, request, limit)
  } catch (error) {
    const { host } = request.url
    const reason = limit.reason()
    if (reason) throw endedEarly(reason, host, request.timeoutMs, request.idempotent)
    throw toEgressError(error, host, request.idempotent)
  } finally {
    limit.dispose()
  }
}

async function tryRepeatedly(deps: RequestDeps, request: EgressRequest, limit: Deadline): Promise<EgressReply> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await followRedirects(deps, request, limit).then(
      (reply) => ({ reply }),
      (error: unknown) => ({ error }),
    )
    const delay = request.idempotent && !limit.reason() ? retryDelay(outcome, attempt, deps) : undefined
    if (delay !== undefined) await deps.sleep(delay, limit.signal)
    else if ('reply' in outcome) return outcome.reply
    else throw outcome.error
  }
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
