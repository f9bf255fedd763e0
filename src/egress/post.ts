import { toError } from '../kernel/errors.ts'
import { createGunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import type { Ending } from '../kernel/ending.ts'
import { checkUrl } from './check-request.ts'
import { toEgressError } from './failure.ts'
import { decoded, isGzip, tooLarge } from './read-body.ts'

/** One POST that is passed on as it is. Who sends it has checked its headers. */
export interface PostRequest {
  readonly url: URL
  /** Names, in lower case and each once, and values in turns. `accept-encoding` may ask for gzip and nothing else. */
  readonly headers: string[]
  readonly body: string
  /** What ends the request: it rejects with the reason then. */
  readonly ending: Ending
  /** Cap of a body that is no event stream. */
  readonly maxBytes: number
  readonly allowPrivateNetwork: boolean
  /** Gets the body of a successful event stream piece by piece, without a cap. What it throws ends the request. */
  readonly onEvents: (chunk: Uint8Array) => void
}

/** Header names are in lower case. */
export interface PostReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  /** Empty after an event stream. */
  readonly body: Uint8Array
}

/**
 * Sends one POST over guarded sockets without the streams and objects of `fetch`, which cost more than all the rest of a
 * relayed call. Resolves when the answer has ended. Nothing is tried again and no redirect is followed. Rejects like
 * `guardedFetch`: with a GatewayError, or with the reason of who stopped it.
 */
export function sendPost(dispatcher: Dispatcher, request: PostRequest): Promise<PostReply> {
  return new Promise((resolve, reject) => {
    const { url, headers, body, ending } = request
    checkUrl(url, request.allowPrivateNetwork)
    if (ending.isOver()) return reject(toError(ending.reason()))
    dispatcher.dispatch(
      { origin: url.origin, path: `${url.pathname}${url.search}`, method: 'POST', headers, body },
      receiver(request, resolve, reject),
    )
  })
}

/** Takes the answer in: events go out as they come, everything else is kept until its end. */
function receiver(
  request: PostRequest,
  resolve: (reply: PostReply | Promise<PostReply>) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  let size = 0
  let status = 0
  let headers: PostReply['headers'] = {}
  let events: Events | undefined
  let running: Dispatcher.DispatchController | undefined
  let stopped: Error | undefined
  request.ending.whenOver((reason) => {
    stopped = toError(reason)
    running?.abort(stopped)
    reject(stopped)
  })
  const done = (): void => {
    const [only = Buffer.alloc(0)] = chunks
    resolve(toReply(request, status, headers, chunks.length > 1 ? Buffer.concat(chunks, size) : only))
  }
  return {
    onRequestStart(controller) {
      running = controller
      if (stopped) controller.abort(stopped)
    },
    onResponseStart(controller, code, told) {
      status = code
      headers = told
      if (status >= 300 || !isEventStream(told['content-type'])) return
      const isZipped = isGzip({ host: request.url.host, encoding: encodingOf(told) })
      events = eventSink(isZipped, request.onEvents, (error) => controller.abort(error))
    },
    onResponseData(controller, chunk) {
      if (events) return events.write(chunk)
      size += chunk.length
      if (size > request.maxBytes) controller.abort(tooLarge({ host: request.url.host, maxBytes: request.maxBytes }))
      else chunks.push(chunk)
    },
    onResponseEnd() {
      if (events) events.end(done)
      else done()
    },
    onResponseError(_controller, error) {
      reject(stopped ?? toEgressError(error, request.url.host, false))
    },
  }
}

/** A promise only where the body has to be unpacked. */
function toReply(
  { url, maxBytes }: PostRequest,
  status: number,
  headers: PostReply['headers'],
  body: Buffer,
): PostReply | Promise<PostReply> {
  const encoding = encodingOf(headers)
  if (encoding === undefined || body.length === 0) return { status, headers, body }
  const { host } = url
  return decoded(body, { host, maxBytes, encoding }).then(
    (unpacked) => ({ status, headers, body: unpacked }),
    (error: unknown) => {
      throw toEgressError(error, host, false)
    },
  )
}

interface Events {
  write(chunk: Buffer): void
  end(ended: () => void): void
}

function eventSink(isZipped: boolean, onEvents: PostRequest['onEvents'], fail: (error: Error) => void): Events {
  const take = (chunk: Buffer): void => {
    try {
      onEvents(chunk)
    } catch (error) {
      fail(toError(error))
    }
  }
  if (!isZipped) return { write: take, end: (ended) => ended() }
  const gunzip = createGunzip().on('data', take).on('error', fail)
  return {
    write: (chunk) => void gunzip.write(chunk),
    end: (ended) => void gunzip.once('end', ended).end(),
  }
}

const encodingOf = (headers: PostReply['headers']): string | undefined => textOf(headers['content-encoding'])

const isEventStream = (type: string | string[] | undefined): boolean =>
  textOf(type)?.toLowerCase().startsWith('text/event-stream') ?? false

const textOf = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header.join(', ') : header
