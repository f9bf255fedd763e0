import { ending } from '../kernel/ending.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { Principal } from '../kernel/principal.ts'
import type { FeaturesPort } from './deps.ts'

/** More URIs than one session or stream can follow at once. */
const MOST_URIS = 256
/** More than all of them together can follow. */
const MOST_IN_TOTAL = 10_000

/** The resources that one session, pipe or listen stream follows. */
export interface Subscriber {
  /** Throws GatewayError: `not_found` for what its principal may not see, `invalid_request` beyond 256 resources. */
  add(uri: string, exchange: Exchange): Promise<void>
  remove(uri: string): void
  /** Stops following everything. */
  end(): void
}

/** Who follows which resource. Several may follow one: each asks the source and lets go by itself, and the source counts. */
export interface Subscriptions {
  open(principal: Principal, onUpdated: (uri: string) => void): Subscriber
  /** Resources that somebody follows. */
  count(): number
  close(): void
}

export function subscriptionBook(features: FeaturesPort): Subscriptions {
  const followers = new Map<string, Set<Follower>>()
  const stop = features.onResourceUpdated(({ uri, isVisible }) => {
    for (const { principal, onUpdated } of followers.get(uri) ?? []) if (isVisible(principal)) onUpdated(uri)
  })
  const letGo = (uri: string, exchange: Exchange): void => {
    features.unsubscribe(uri, lasting(exchange)).catch(() => undefined) // its source is gone: there is nothing to stop
  }
  const leave = (uri: string, follower: Follower, exchange: Exchange): void => {
    const others = followers.get(uri)
    if (!others?.delete(follower)) return
    if (others.size === 0) followers.delete(uri)
    letGo(uri, exchange)
  }
  return {
    open(principal, onUpdated) {
      const follower = { principal, onUpdated }
      const mine = new Map<string, Exchange>()
      let isEnded = false
      return {
        async add(uri, exchange) {
          if (mine.size >= MOST_URIS && !mine.has(uri)) throw tooMany('you follow', MOST_URIS)
          if (followers.size >= MOST_IN_TOTAL && !followers.has(uri))
            throw tooMany('the gateway follows', MOST_IN_TOTAL)
          mine.set(uri, exchange)
          try {
            await features.subscribe(uri, exchange)
          } catch (error) {
            if (!followers.get(uri)?.has(follower)) mine.delete(uri)
            throw error
          }
          if (followers.get(uri)?.has(follower)) return letGo(uri, exchange)
          followers.set(uri, (followers.get(uri) ?? new Set<Follower>()).add(follower))
          if (isEnded || !mine.has(uri)) leave(uri, follower, exchange)
        },
        remove(uri) {
          const exchange = mine.get(uri)
          mine.delete(uri)
          if (exchange) leave(uri, follower, exchange)
        },
        end() {
          isEnded = true
          for (const [uri, exchange] of mine) leave(uri, follower, exchange)
          mine.clear()
        },
      }
    },
    count: () => followers.size,
    close: stop,
  }
}

interface Follower {
  readonly principal: Principal
  onUpdated(uri: string): void
}

/** The request that subscribed is over. */
const lasting = (exchange: Exchange): Exchange => ({ ...exchange, ending: ending() })

const tooMany = (who: string, limit: number): GatewayError =>
  new GatewayError('invalid_request', `Too many subscriptions: ${who} ${limit} resources. Unsubscribe from one first.`)
