import { setTimeout as wait } from 'node:timers/promises'
import type { Clock } from '../kernel/clock.ts'
import { bulkhead, type LaneLoad } from './bulkhead.ts'
import { circuits, type CircuitState } from './circuits.ts'
import type { Lookup } from './guarded-connect.ts'
import type { FetchOptions } from './guarded-fetch.ts'
import type { PostReply, PostRequest } from './post.ts'
import { quotas } from './quotas.ts'
import type { EgressReply, EgressRequest } from './request.ts'
import type { Sockets } from './sockets.ts'

export type { LaneLoad } from './bulkhead.ts'
export type { CircuitState } from './circuits.ts'
export type { Lookup } from './guarded-connect.ts'
export type { FetchOptions } from './guarded-fetch.ts'
export type { PostReply, PostRequest } from './post.ts'
export type { EgressReply, EgressRequest } from './request.ts'

export interface EgressDeps {
  readonly clock: Clock
  /** In [0, 1), for the jitter of retries and pauses. */
  readonly random?: () => number
  readonly sleep?: (ms: number, signal: AbortSignal) => Promise<void>
  readonly lookup?: Lookup
}

/** The only way out of the house. */
export interface Egress {
  /** Sends one request and reads the whole reply; see `sendRequest` for its promises. */
  request(request: EgressRequest): Promise<EgressReply>
  /** Sends one POST and takes its answer in, events as they come; see `sendPost`. For calls that are passed on. */
  post(request: PostRequest): Promise<PostReply>
  /** A `fetch` over the same guarded sockets, for libraries that bring their own protocol. */
  fetch(options: FetchOptions): typeof globalThis.fetch
  /** What `request` has under way by lane, and which lanes are left alone because they fail. */
  load(): { readonly lanes: readonly LaneLoad[]; readonly circuits: ReadonlyMap<string, CircuitState> }
  /** Ends every connection, also those in use. */
  close(): Promise<void>
}

/**
 * The door: one pool of sockets for public addresses and one that may also reach private networks, loaded and opened with the
 * first request.
 */
export function createEgress({ clock, random = Math.random, sleep = defaultSleep, lookup }: EgressDeps): Egress {
  const guards = { bulkhead: bulkhead(clock), circuits: circuits({ clock, random }), quotas: quotas(clock) }
  let sockets: Sockets | undefined
  let opening: Promise<Sockets> | undefined
  let isClosed = false
  const open = async (): Promise<Sockets> => {
    const { openSockets } = await import('./sockets.ts')
    sockets = openSockets({ clock, random, sleep, lookup, ...guards })
    if (isClosed) await sockets.close()
    return sockets
  }
  const opened = (): Promise<Sockets> => (opening ??= open())
  return {
    request: async (request) => (sockets ?? (await opened())).request(request),
    post: (request) => (sockets ? sockets.post(request) : opened().then(({ post }) => post(request))),
    fetch: (options) => {
      let send: typeof globalThis.fetch | undefined
      return async (input, init) => {
        send ??= (sockets ?? (await opened())).fetch(options)
        return send(input, init)
      }
    },
    load: () => ({ lanes: guards.bulkhead.load(), circuits: guards.circuits.states() }),
    close: async () => {
      isClosed = true
      await (await opening)?.close()
    },
  }
}

const defaultSleep = (ms: number, signal: AbortSignal): Promise<void> => wait(ms, undefined, { signal })
