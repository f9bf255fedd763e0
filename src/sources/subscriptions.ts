import { ending } from '../kernel/ending.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Source } from '../kernel/source.ts'

export type SubscriptionMethod = 'resources/subscribe' | 'resources/unsubscribe'

/** The resources of one connection that somebody wants to hear of, over all callers and across reconnects. */
export interface Subscriptions {
  /** Counts per URI: only the first one in and the last one out reach the server. Rejects with a GatewayError. */
  change(source: Source, method: SubscriptionMethod, params: JsonObject, exchange: Exchange): Promise<JsonObject>
  /** Subscribes anew after a reconnect and tells of every URI: nobody knows what changed meanwhile. Never rejects. */
  restore(source: Source): Promise<void>
}

interface Wanted {
  readonly count: number
  /** Of the first subscriber, without what ended with its request. */
  readonly exchange: Exchange
}

/** More than any client lists; a bound all the same. */
const MAX_URIS = 10_000

export const isSubscription = (method: string): method is SubscriptionMethod =>
  method === 'resources/subscribe' || method === 'resources/unsubscribe'

export function subscriptions(onUpdated: (uri: string) => void): Subscriptions {
  const wanted = new Map<string, Wanted>()
  let work: Promise<unknown> = Promise.resolve()
  /** One at a time: a subscribe that overtook an unsubscribe of the same URI would be undone by it. */
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    const done = work.then(step)
    work = done.catch(() => undefined)
    return done
  }
  const subscribe = async (source: Source, uri: string, exchange: Exchange): Promise<JsonObject> => {
    const known = wanted.get(uri)
    if (known) {
      wanted.set(uri, { ...known, count: known.count + 1 })
      return {}
    }
    if (wanted.size === MAX_URIS) throw new GatewayError('rate_limit_exceeded', 'Too many resources are subscribed to.')
    const result = await send(source, 'resources/subscribe', { uri }, exchange)
    wanted.set(uri, { count: 1, exchange: lasting(exchange) })
    return result
  }
  const unsubscribe = async (source: Source, uri: string, exchange: Exchange): Promise<JsonObject> => {
    const known = wanted.get(uri)
    if (!known) return {}
    if (known.count > 1) {
      wanted.set(uri, { ...known, count: known.count - 1 })
      return {}
    }
    wanted.delete(uri)
    return send(source, 'resources/unsubscribe', { uri }, exchange)
  }
  return {
    change(source, method, params, exchange) {
      const uri = uriOf(params)
      const change = method === 'resources/subscribe' ? subscribe : unsubscribe
      return inTurn(() => change(source, uri, exchange))
    },
    restore: (source) =>
      inTurn(async () => {
        for (const [uri, { exchange }] of wanted) {
          // A resource that is gone now is heard of when somebody reads it.
          await send(source, 'resources/subscribe', { uri }, exchange).catch(() => undefined)
          onUpdated(uri)
        }
      }),
  }
}

/** Sends a request to a source that has more than tools. */
export function send(source: Source, method: string, params: JsonObject, exchange: Exchange): Promise<JsonObject> {
  if (source.request) return source.request(method, params, exchange)
  return Promise.reject(new GatewayError('not_found', `The connection "${source.connection}" has no ${method}.`))
}

function uriOf({ uri }: JsonObject): string {
  if (typeof uri === 'string') return uri
  throw new GatewayError('invalid_request', 'Invalid params: "uri" must be a string.')
}

const lasting = ({ principal, requestId, protocol }: Exchange): Exchange => ({
  principal,
  requestId,
  protocol,
  ending: ending(),
})
