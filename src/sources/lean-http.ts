import { setMaxListeners } from 'node:events'
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  SdkError,
  SdkErrorCode,
  type StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import type { Egress } from '../egress/egress.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type DirectCall, type DirectRequest, type WaitingBook, waitingBook } from './direct-call.ts'
import { type Hand, leanAnswer, type LeanAnswer, refusal, VERSION_KEY } from './lean-answer.ts'
import { headerText } from './mcp-param-headers.ts'
import { withOrigin } from './origin.ts'
import { pause, type Schedule } from './schedule.ts'

type Send = StreamableHTTPClientTransport['send']

export interface LeanHttp {
  readonly transport: StreamableHTTPClientTransport
  readonly url: URL
  /** The connection's own headers. */
  readonly headers: Readonly<Record<string, string>>
  readonly allowPrivateNetwork: boolean
  readonly maxBytes: number
  readonly post: Egress['post']
  readonly schedule: Schedule
}

const FIXED_HEADERS = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
/** Headers that `fetch` joins with its own: a connection that sets one takes the complete way. */
const SPECIAL = [
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'te',
  'transfer-encoding',
]
/** The same request elsewhere: it was not carried out here (RFC 9110 §15.4). */
const REPEAT_ELSEWHERE = [307, 308]
const RESUME_ATTEMPTS = 3
const RESUME_AFTER_MS = 1_000

/** What a modern request says about itself; undefined for a line of the earlier era. */
export type Envelope = JsonObject | undefined

/**
 * A quick way for `tools/call` over a connected transport: one POST without `fetch`, web streams and the SDK's client, which
 * keeps everything else that its server sends. Undefined for a connection that has to take the complete way. Which way a call
 * takes is settled before it is sent; one that the server may have received is never sent again.
 */
export function leanCalls(lean: LeanHttp): ((envelope: Envelope) => DirectCall) | undefined {
  const { transport } = lean
  const headers = lowerCase(lean.headers)
  if (SPECIAL.some((name) => name in headers)) return undefined
  return (envelope) => {
    const waiting = waitingBook(() => envelope !== undefined)
    const life = lifeOf(transport, waiting)
    const give = sorted(transport, waiting)
    const way: Way = { ...lean, waiting, give, life, envelope, headers: { ...headers, ...FIXED_HEADERS } }
    return (request) => direct(way, request)
  }
}

/** Answers to these calls do not reach the SDK's client, whichever stream they come on; it would not know them. */
function sorted(transport: StreamableHTTPClientTransport, waiting: WaitingBook): Hand {
  const client = transport.onmessage
  const toClient = (message: JSONRPCMessage): void => client?.call(transport, message)
  Object.assign(transport, {
    onmessage(message: JSONRPCMessage) {
      if (!isJsonObject(message) || !waiting.take(message)) toClient(message)
    },
  })
  // The client judges each message by itself.
  return (message, tag) =>
    void (waiting.take(message) || toClient(withOrigin(message, tag) as unknown as JSONRPCMessage))
}

/** Aborts when the transport is closed, which ends what is still under way. Every call listens: that is no leak. */
function lifeOf(transport: StreamableHTTPClientTransport, waiting: WaitingBook): AbortSignal {
  const life = new AbortController()
  setMaxListeners(0, life.signal)
  const close = transport.close.bind(transport)
  transport.close = () => {
    waiting.end()
    life.abort()
    return close()
  }
  return life.signal
}

interface Way extends LeanHttp {
  readonly waiting: WaitingBook
  readonly give: Hand
  readonly life: AbortSignal
  readonly envelope: Envelope
}

function direct(way: Way, { method, params, headers, signal, tag, onProgress }: DirectRequest): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(cancelled(signal))
    const waiting = way.waiting.enter({
      onProgress,
      resolve(result) {
        leave()
        resolve(result)
      },
      reject(error) {
        leave()
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    })
    const { id } = waiting
    // Closing the stream is how a modern request is cancelled (MCP 2026-07-28, Streamable HTTP); before that there is a word for it.
    const end = way.envelope === undefined ? undefined : joined(way.life)
    const cancel = (): void => {
      end?.abort()
      if (!end) tellCancelled(way.transport, id, signal)
      waiting.reject(cancelled(signal))
    }
    const leave = (): void => {
      way.waiting.leave(waiting)
      signal.removeEventListener('abort', cancel)
      end?.release()
    }
    signal.addEventListener('abort', cancel)
    const call = { jsonrpc: '2.0' as const, id, method, params: withMeta(params, way.envelope, id) }
    sendCall(way, call, { headers, tag, signal: end?.signal ?? way.life }).catch((error: unknown) =>
      waiting.reject(error),
    )
  })
}

const cancelled = ({ reason }: AbortSignal): SdkError => new SdkError(SdkErrorCode.RequestTimeout, String(reason))

function tellCancelled(transport: StreamableHTTPClientTransport, requestId: number, { reason }: AbortSignal): void {
  const params = { requestId, reason: String(reason) }
  transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params }).catch(() => undefined) // it has gone
}

function withMeta(params: JsonObject, envelope: Envelope, progressToken: number): JsonObject {
  const { _meta } = params
  return { ...params, _meta: { ...envelope, ...(isJsonObject(_meta) && _meta), progressToken } }
}

interface Sending {
  readonly headers: Readonly<Record<string, string>>
  readonly tag: number
  readonly signal: AbortSignal
}

async function sendCall(way: Way, call: JSONRPCRequest & { id: number }, sending: Sending): Promise<void> {
  const answer = leanAnswer(way.give, call.id, way.maxBytes, sending.tag)
  try {
    const reply = await way.post({
      url: way.url,
      headers: toHeaders(way, call, sending.headers),
      body: JSON.stringify(call),
      signal: sending.signal,
      maxBytes: way.maxBytes,
      allowPrivateNetwork: way.allowPrivateNetwork,
      onEvents: answer.onEvents,
    })
    if (REPEAT_ELSEWHERE.includes(reply.status)) return await complete(way, call, sending)
    if (reply.status === 202 || reply.status >= 300) return refusal(way.give, call, reply)
    answer.take(reply)
  } catch (error) {
    if (answer.lastEventId() === undefined || answer.isGiven() || sending.signal.aborted) throw error
  }
  if (!answer.isGiven()) await resume(way, answer)
}

/** The same message the SDK's way; its answer is taken out of what comes. */
const complete = (
  { transport, envelope }: Way,
  call: JSONRPCRequest,
  { headers, tag, signal }: Sending,
): ReturnType<Send> => {
  const options = { headers, relatedRequestId: tag, ...(envelope && { requestSignal: signal }) }
  return transport.send(call, options)
}

/** A server may end a stream and have the rest fetched later (MCP 2025-11-25, Resumability): that is the SDK's business. */
async function resume(way: Way, answer: LeanAnswer): Promise<void> {
  const from = answer.lastEventId()
  if (from !== undefined && (await takenUp(way, from, answer.retryMs() ?? RESUME_AFTER_MS))) return
  answer.lose()
}

async function takenUp({ transport, schedule, life }: Way, from: string, afterMs: number): Promise<boolean> {
  for (let attempt = 0; attempt < RESUME_ATTEMPTS && !life.aborted; attempt++) {
    await pause(schedule, afterMs)
    const resumed = await transport.resumeStream(from).then(
      () => true,
      () => false,
    )
    if (resumed) return true
  }
  return false
}

/** What the SDK's transport sends (MCP 2026-07-28, Streamable HTTP, Standard Request Headers; sessions before that). */
function toHeaders(
  { transport, headers }: Way,
  { method, params }: JSONRPCRequest,
  more: Readonly<Record<string, string>>,
): Record<string, string> {
  const { sessionId, protocolVersion } = transport
  const claimed = params?._meta?.[VERSION_KEY]
  const name = params?.['name']
  return {
    ...headers,
    ...(sessionId !== undefined && { 'mcp-session-id': sessionId }),
    ...(protocolVersion !== undefined && { 'mcp-protocol-version': protocolVersion }),
    ...(typeof claimed === 'string' && {
      'mcp-protocol-version': claimed,
      'mcp-method': method,
      ...(typeof name === 'string' && { 'mcp-name': headerText(name) }),
    }),
    ...lowerCase(more),
  }
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** Ends with the transport or by itself. Cheaper than `AbortSignal.any`, which keeps dead signals on Node 20. */
function joined(life: AbortSignal) {
  const controller = new AbortController()
  const abort = (): void => controller.abort()
  if (life.aborted) abort()
  life.addEventListener('abort', abort)
  return { signal: controller.signal, abort, release: () => life.removeEventListener('abort', abort) }
}
