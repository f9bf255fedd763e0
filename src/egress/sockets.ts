import { Agent } from 'undici'
import type { Egress, Lookup } from './egress.ts'
import { guardedConnect } from './guarded-connect.ts'
import { guardedFetch } from './guarded-fetch.ts'
import { sendPost } from './post.ts'
import { type RequestDeps, sendRequest } from './request.ts'

const CONNECT_TIMEOUT_MS = 10_000
/** Until the headers of a `fetch`; a long call without an event stream answers only when it is done. */
const HEADERS_TIMEOUT_MS = 600_000

/** What sends. */
export type Sockets = Pick<Egress, 'request' | 'post' | 'fetch' | 'close'>

export interface SocketsDeps extends Omit<RequestDeps, 'dispatcher'> {
  readonly lookup: Lookup | undefined
}

/** Opens both pools. */
export function openSockets({ lookup, ...deps }: SocketsDeps): Sockets {
  const agentFor = (allowPrivateNetwork: boolean): Agent =>
    new Agent({
      connect: guardedConnect({ allowPrivateNetwork, timeoutMs: CONNECT_TIMEOUT_MS, ...(lookup ? { lookup } : {}) }),
      headersTimeout: HEADERS_TIMEOUT_MS,
      bodyTimeout: 0,
    })
  const [toPublic, toPrivate] = [agentFor(false), agentFor(true)]
  const dispatcher = (allowPrivateNetwork: boolean): Agent => (allowPrivateNetwork ? toPrivate : toPublic)
  return {
    request: (request) => sendRequest({ ...deps, dispatcher }, request),
    post: (request) => sendPost(dispatcher(request.allowPrivateNetwork), request),
    fetch: (options) => guardedFetch(dispatcher(options.allowPrivateNetwork), options),
    close: async () => {
      await Promise.all([toPublic.destroy(), toPrivate.destroy()])
    },
  }
}
