import { createGunzip } from 'node:zlib'
import type { Dispatcher } from 'undici'
import { checkUrl } from './check-request.ts'
import { toEgressError } from './failure.ts'
import { decoded, isGzip, tooLarge } from './read-body.ts'

/** One POST that is passed on as it is. Who sends it has checked its headers. */
export interface PostRequest {
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
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
 * `guardedFetch`: with a GatewayError, or with the signal's reason when it fires.
 */
export async function sendPost(dispatcher: Dispatcher, request: PostRequest): Promise<PostReply> {
  const { url, signal, maxBytes } = request
  checkUrl(url, request.allowPrivateNetwork)
  signal.throwIfAborted()
  try {
    const { body, status, headers } = await exchange(dispatcher, request)
    return { status, headers, body: await decoded(body, { host: url.host, maxBytes, encoding: encodingOf(headers) }) }
  } catch (error) {
    signal.throwIfAborted()
    throw toEgressError(error, url.host, false)
  }
}

type Reply = PostReply & { readonly body: Buffer }

function exchange(dispatcher: Dispatcher, request: PostRequest): Promise<Reply> {
  const { url, headers, body, signal } = request
  return new Promise((resolve, reject) => {
    let running: Dispatcher.DispatchController | undefined
    const stop = (): void => {
      const reason = signal.reason instanceof Error ? signal.reason : new Error('The request was cancelled.')
      running?.abort(reason)
      reject(reason)
    }
    const release = (): void => signal.removeEventListener('abort', stop)
    signal.addEventListener('abort', stop, { once: true })
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: 'POST',
        headers: { ...headers, 'accept-encoding': 'gzip' },
        body,
      },
      {
        ...receiver(request, (reply) => {
          release()
          resolve(reply)
        }),
        onRequestStart(controller) {
          running = controller
          if (signal.aborted) stop()
        },
        onResponseError(_controller, error) {
          release()
          reject(error)
        },
      },
    )
  })
}

/** Takes the answer in: events go out as they come, everything else is kept until its end. */
function receiver({ url, maxBytes, onEvents }: PostRequest, done: (reply: Reply) => void): Dispatcher.DispatchHandler {
  const chunks: Buffer[] = []
  let size = 0
  let head: Omit<Reply, 'body'> = { status: 0, headers: {} }
  let events: Events | undefined
  return {
    onResponseStart(controller, status, headers) {
      head = { status, headers }
      const isStream = status < 300 && isEventStream(headers['content-type'])
      const encoding = encodingOf(headers)
      if (isStream)
        events = eventSink(isGzip({ host: url.host, encoding }), onEvents, (error) => controller.abort(error))
    },
    onResponseData(controller, chunk) {
      if (events) return events.write(chunk)
      size += chunk.length
      if (size > maxBytes) controller.abort(tooLarge({ host: url.host, maxBytes }))
      else chunks.push(chunk)
    },
    onResponseEnd() {
      const [only = Buffer.alloc(0)] = chunks
      const reply = { ...head, body: chunks.length > 1 ? Buffer.concat(chunks, size) : only }
      if (events) events.end(() => done(reply))
      else done(reply)
    },
  }
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
      fail(error instanceof Error ? error : new Error(String(error)))
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
