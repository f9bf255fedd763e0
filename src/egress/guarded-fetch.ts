import { Response, fetch as send } from 'undici'
import type { Dispatcher, Request, RequestInit } from 'undici'
import { GatewayError } from '../kernel/errors.ts'
import { checkUrl } from './check-request.ts'
import { codeOf, toEgressError } from './failure.ts'
import { tooLarge } from './read-body.ts'
import { MAX_REDIRECTS, nextHop } from './redirect.ts'

export interface FetchOptions {
  readonly allowPrivateNetwork: boolean
  /** Cap of a body that is no event stream; unlimited without it. */
  readonly maxBytes?: number
}

type Fetch = typeof globalThis.fetch

/**
 * A `fetch` over guarded sockets, for libraries that want one. Bodies may stream without end (SSE); headers have a time
 * limit. Redirects are followed on the same origin only, at most three, and only when the body can be sent again.
 * Rejects with GatewayErrors, or with the signal's own reason when it fires.
 */
export function guardedFetch(dispatcher: Dispatcher, options: FetchOptions): Fetch {
  const guarded = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const [url, settings] = toUrlAndInit(input, init)
    try {
      return cap(await follow(dispatcher, options, url, settings), url.host, options.maxBytes)
    } catch (error) {
      settings.signal?.throwIfAborted()
      throw toFetchError(error, url.host, settings.method)
    }
  }
  // undici's own types and Node's copies of them differ in name only.
  return guarded as unknown as Fetch
}

async function follow(dispatcher: Dispatcher, options: FetchOptions, start: URL, init: RequestInit): Promise<Response> {
  let hop = { url: start, method: init.method ?? 'GET' }
  for (let count = 0; count <= MAX_REDIRECTS; count++) {
    checkUrl(hop.url, options.allowPrivateNetwork)
    const changed = hop.method !== (init.method ?? 'GET')
    const { body, ...rest } = init
    const reply = await send(hop.url, {
      ...rest,
      ...(changed || body === undefined ? {} : { body }),
      method: hop.method,
      redirect: init.redirect === 'error' ? 'error' : 'manual',
      dispatcher,
    })
    const next =
      init.redirect === 'manual' ? undefined : nextHop(hop, reply.status, reply.headers.get('location') ?? undefined)
    if (!next || (next.method === hop.method && isStream(body))) return reply
    await reply.body?.cancel()
    hop = { url: next.url, method: next.method }
  }
  throw new GatewayError('upstream_invalid', `${start.host} redirected more than ${MAX_REDIRECTS} times.`)
}

const isStream = (body: unknown): boolean =>
  body !== undefined &&
  body !== null &&
  typeof body !== 'string' &&
  !(body instanceof Uint8Array) &&
  !(body instanceof URLSearchParams)

/** Requests of another library's class are taken apart: undici would read them as text. */
function toUrlAndInit(input: string | URL | Request, init: RequestInit = {}): [URL, RequestInit] {
  if (typeof input === 'string' || input instanceof URL) return [new URL(input), { ...init }]
  const { method, headers, signal } = input
  const body = input.body === null ? {} : { body: input.body, duplex: 'half' as const }
  return [new URL(input.url), { method, headers: Object.fromEntries(headers), signal, ...body, ...init }]
}

/** undici wraps what happened as `TypeError: fetch failed`. */
function toFetchError(error: unknown, host: string, method = 'GET'): GatewayError {
  const inner = error instanceof TypeError && !codeOf(error) && error.cause !== undefined ? error.cause : error
  return toEgressError(inner, host, method === 'GET' || method === 'HEAD')
}

function cap(reply: Response, host: string, maxBytes: number | undefined): Response {
  const isStreamed = reply.headers.get('content-type')?.startsWith('text/event-stream')
  if (maxBytes === undefined || isStreamed || !reply.body) return reply
  let size = 0
  const counted = reply.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        size += chunk.byteLength
        if (size > maxBytes) controller.error(tooLarge({ host, maxBytes }))
        else controller.enqueue(chunk)
      },
    }),
  )
  const capped = new Response(counted, { status: reply.status, statusText: reply.statusText, headers: reply.headers })
  return Object.defineProperty(capped, 'url', { value: reply.url })
}
