import { setTimeout as wait } from 'node:timers/promises'
import { Agent } from 'undici'
import type { Clock } from '../kernel/clock.ts'
import { bulkhead, type LaneLoad } from './bulkhead.ts'
import { circuits, type CircuitState } from './circuits.ts'
import { guardedConnect } from './guarded-connect.ts'
import type { Lookup } from './guarded-connect.ts'
import { guardedFetch } from './guarded-fetch.ts'
import type { FetchOptions } from './guarded-fetch.ts'
import { sendPost } from './post.ts'
import type { PostReply, PostRequest } from './post.ts'
import { quotas } from './quotas.ts'
import { sendRequest } from './request.ts'
import type { EgressReply, EgressRequest } from './request.ts'

export type { LaneLoad } from './bulkhead.ts'
export type { CircuitState } from './circuits.ts'
export type { Lookup } from './guarded-connect.ts'
export type { FetchOptions } from './guarded-fetch.ts'
export type { PostReply, PostRequest } from './post.ts'
export type { EgressReply, EgressRequest } from './request.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Until the headers of a `fetch`; a long call without an event stream answers only when it is done. */
const HEADERS_TIMEOUT_MS = 600_000

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

/** Opens the door: one pool of sockets for public addresses and one that may also reach private networks. */
export function createEgress({ clock, random = Math.random, sleep = defaultSleep, lookup }: EgressDeps): Egress {
  const agentFor = (allowPrivateNetwork: boolean): Agent =>
    new Agent({
      connect: guardedConnect({ allowPrivateNetwork, timeoutMs: CONNECT_TIMEOUT_MS, ...(lookup ? { lookup } : {}) }),
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: 0,
    })
  const [toPublic, toPrivate] = [agentFor(false), agentFor(true)]
  const dispatcher = (allowPrivateNetwork: boolean): Agent => (allowPrivateNetwork ? toPrivate : toPublic)
  const guards = { bulkhead: bulkhead(clock), circuits: circuits({ clock, random }), quotas: quotas(clock) }
  return {
    request: (request) => sendRequest({ clock, random, sleep, dispatcher, ...guards }, request),
    post: (request) => sendPost(dispatcher(request.allowPrivateNetwork), request),
    fetch: (options) => guardedFetch(dispatcher(options.allowPrivateNetwork), options),
    load: () => ({ lanes: guards.bulkhead.load(), circuits: guards.circuits.states() }),
    close: async () => {
      await Promise.all([toPublic.destroy(), toPrivate.destroy()])
    },
  }
}

const defaultSleep = (ms: number, signal: AbortSignal): Promise<void> => wait(ms, undefined, { signal })
