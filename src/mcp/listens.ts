import { endingWith } from '../kernel/ending.ts'
import { createMcpHandler, type McpHttpHandler } from '@modelcontextprotocol/server'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type Caller, modernProtocol, plainExchange, toObject } from './exchange.ts'
import { idOf, INTERNAL_ERROR, rpcErrorResponse } from './rpc.ts'
import { type ListKind, toAuthInfo } from './server.ts'
import { ownerOf } from './sessions.ts'
import type { Subscriber, Subscriptions } from './subscriptions.ts'

export interface ListenLimits {
  readonly total: number
  readonly perPrincipal: number
}

/** The open `subscriptions/listen` streams of modern clients, by principal, so that they can be counted and ended. */
export interface Listens {
  /** Serves a listen, as a stream that lasts until either side ends it. */
  serve(request: Request, body: Json | undefined, caller: Caller): Promise<Response>
  listChanged(kind: ListKind): void
  count(): number
  /** Breaks off the listens of the principals that match. */
  end(matches: (principal: Principal) => boolean): void
  /** Ends all of them as the protocol has it: with an empty result. */
  close(): Promise<void>
}

export interface ListensDeps {
  readonly limits: ListenLimits
  readonly subscriptions: Subscriptions
  readonly factory: Parameters<typeof createMcpHandler>[0]
  readonly onerror: (error: Error) => void
}

interface Listen {
  readonly principal: Principal
  /** One for each stream, because the SDK's handler tells everyone who listens on it the same. */
  readonly handler: McpHttpHandler
  readonly ended: AbortController
}

export function listenBook({ limits, subscriptions, factory, onerror }: ListensDeps): Listens {
  const open = new Set<Listen>()
  const refusal = (principal: Principal): string | undefined => {
    const owner = ownerOf(principal)
    const own = [...open].filter((other) => ownerOf(other.principal) === owner).length
    return own >= limits.perPrincipal || open.size >= limits.total ? TOO_MANY : undefined
  }
  return {
    async serve(request, body, caller) {
      const { principal } = caller
      const message = refusal(principal)
      if (message !== undefined) return rpcErrorResponse(200, { code: INTERNAL_ERROR, message }, idOf(body))
      const handler = createMcpHandler(factory, { legacy: 'reject', onerror, maxSubscriptions: 1 })
      const listen = { principal, handler, ended: new AbortController() }
      const subscriber = subscriptions.open(principal, (uri) => handler.notify.resourceUpdated(uri))
      const forget = (): void => {
        open.delete(listen)
        subscriber.end()
        listen.ended.abort()
      }
      open.add(listen)
      request.signal.addEventListener('abort', forget, { once: true })
      listen.ended.signal.addEventListener('abort', forget, { once: true })
      const parsedBody = await subscribed(body, subscriber, caller, listen.ended.signal)
      const held = withSignal(request, listen.ended.signal)
      return whenDone(await handler.fetch(held, { parsedBody, authInfo: toAuthInfo(caller) }), forget)
    },
    listChanged(kind) {
      for (const { handler } of open) handler.notify[`${kind}Changed`]()
    },
    count: () => open.size,
    end(matches) {
      for (const { principal, ended } of open) if (matches(principal)) ended.abort()
    },
    async close() {
      await Promise.all([...open].map(({ handler }) => handler.close()))
    },
  }
}

const TOO_MANY = 'Too many open subscriptions/listen streams. Close one and try again.'

/** Follows the resources that a listen names. The message as it is to be served: without those that cannot be followed. */
export async function subscribed(
  body: Json | undefined,
  subscriber: Pick<Subscriber, 'add'>,
  caller: Caller,
  signal: AbortSignal,
): Promise<Json | undefined> {
  const params = toObject(toObject(body)['params'])
  const filter = toObject(params['notifications'])
  const uris = filter['resourceSubscriptions']
  if (!isJsonObject(body) || !Array.isArray(uris) || uris.length === 0) return body
  const protocol = modernProtocol(toObject(params['_meta']))
  const exchange = plainExchange({ caller, params, protocol, ending: endingWith(signal) })
  const followed = await Promise.all(uris.map((uri) => follow(uri, (text) => subscriber.add(text, exchange))))
  const resourceSubscriptions = uris.filter((_uri, index) => followed[index])
  return { ...body, params: { ...params, notifications: withUris(filter, resourceSubscriptions) } }
}

/** False for what cannot be followed. What is no text stays, for the SDK to refuse. */
async function follow(uri: Json, add: (uri: string) => Promise<void>): Promise<boolean> {
  if (typeof uri !== 'string') return true
  try {
    await add(uri)
    return true
  } catch {
    return false // hidden, unknown, or its server does not tell: the acknowledgement will not name it
  }
}

function withUris({ resourceSubscriptions: _all, ...filter }: JsonObject, uris: readonly Json[]): JsonObject {
  return uris.length === 0 ? filter : { ...filter, resourceSubscriptions: uris }
}

/** The body stays behind: it has been read. */
const withSignal = ({ url, method, headers }: Request, signal: AbortSignal): Request =>
  new Request(url, { method, headers, signal })

/** A stream that we end ourselves does not abort the request's signal. */
function whenDone(response: Response, done: () => void): Response {
  if (!response.body) done()
  const end = new TransformStream<Uint8Array, Uint8Array>({ flush: done })
  return new Response(response.body?.pipeThrough(end) ?? null, { status: response.status, headers: response.headers })
}
