import { toError } from '../kernel/errors.ts'
import {
  type JSONRPCMessage,
  type JSONRPCRequest,
  SdkError,
  SdkErrorCode,
  type StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client'
import type { Egress, PostReply } from '../egress/egress.ts'
import { type Ender, type Ending, ending } from '../kernel/ending.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { roster } from '../kernel/roster.ts'
import { type DirectCall, type DirectRequest, type Waiting, type WaitingBook, waitingBook } from './direct-call.ts'
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

const FIXED_HEADERS = {
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
  'accept-encoding': 'gzip',
}
/** Headers that `fetch` or the protocol joins with its own: a connection that sets one takes the complete way. */
const SPECIAL = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'te',
  'transfer-encoding',
])
const isSpecial = (name: string): boolean => SPECIAL.has(name) || name.startsWith('mcp-')
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
  if (Object.keys(headers).some(isSpecial)) return undefined
  const always = Object.entries({ ...headers, ...FIXED_HEADERS }).flat()
  return (envelope) => {
    const waiting = waitingBook(() => envelope !== undefined)
    const life = lifeOf(transport, waiting)
    const give = sorted(transport, waiting)
    const way: Way = { ...lean, waiting, give, life, envelope, always }
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

/** Ends with its transport, and ends what is still under way then. */
interface Life {
  isOver(): boolean
  enter(call: Ender): number
  leave(number: number): void
}

function lifeOf(transport: StreamableHTTPClientTransport, waiting: WaitingBook): Life {
  const calls = roster<Ender>()
  let isOver = false
  const close = transport.close.bind(transport)
  transport.close = () => {
    waiting.end()
    isOver = true
    for (const call of calls.all()) call.end(CLOSED)
    return close()
  }
  return {
    isOver: () => isOver,
    enter(call) {
      if (isOver) call.end(CLOSED)
      return calls.enter(call)
    },
    leave: (number) => void calls.leave(number),
  }
}

const CLOSED = new Error('The connection was closed.')

interface Way extends LeanHttp {
  /** The headers of every request, names and values in turns. */
  readonly always: readonly string[]
  readonly waiting: WaitingBook
  readonly give: Hand
  readonly life: Life
  readonly envelope: Envelope
}

function direct(way: Way, request: DirectRequest): Promise<JsonObject> {
  return new Promise((resolve, reject) => {
    const { method, params, ending: caller, onProgress } = request
    if (caller.isOver()) return reject(cancelled(caller))
    let isSettled = false
    const settle = (): void => {
      isSettled = true
      way.waiting.leave(id)
    }
    const waiting: Waiting = {
      onProgress,
      resolve(result) {
        settle()
        resolve(result)
      },
      reject(error) {
        settle()
        reject(toError(error))
      },
    }
    const id = way.waiting.enter(waiting)
    const ender = ending()
    caller.whenOver(() => {
      if (isSettled) return
      // Closing the stream is how a modern request is cancelled (MCP 2026-07-28, Streamable HTTP); before that there is a word for it.
      if (way.envelope !== undefined) ender.end(new Error('The request was cancelled.'))
      else tellCancelled(way.transport, id, caller)
      waiting.reject(cancelled(caller))
    })
    const call = { jsonrpc: '2.0' as const, id, method, params: withMeta(params, way.envelope, id) }
    sendCall(way, call, { request, ender, waiting }).catch((error: unknown) => waiting.reject(error))
  })
}

const cancelled = (ending: Ending): SdkError => new SdkError(SdkErrorCode.RequestTimeout, String(ending.reason()))

function tellCancelled(transport: StreamableHTTPClientTransport, requestId: number, ending: Ending): void {
  const params = { requestId, reason: String(ending.reason()) }
  transport.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params }).catch(() => undefined) // it has gone
}

/** Nothing is added to what was spread: V8 gives each `{ ...one, more }` a hidden class of its own, in a microsecond. */
function withMeta(params: JsonObject, envelope: Envelope, progressToken: number): JsonObject {
  const { _meta } = params
  const meta: Record<string, Json | undefined> = { progressToken, ...envelope }
  if (isJsonObject(_meta)) {
    for (const key of Object.keys(_meta)) if (key !== 'progressToken') meta[key] = _meta[key]
  }
  return Object.assign({}, params, { _meta: meta })
}

interface Sending {
  readonly request: DirectRequest
  /** Ends the request. */
  readonly ender: Ender
  readonly waiting: Waiting
}

/** Sends the call and hands on what comes back. What goes wrong on the way fails the request. */
async function sendCall(way: Way, call: JSONRPCRequest & { id: number }, sending: Sending): Promise<void> {
  const { request, ender, waiting } = sending
  const answer = leanAnswer(way.give, call.id, way.maxBytes, request.tag)
  const number = way.life.enter(ender)
  try {
    const reply = await way.post({
      url: way.url,
      headers: toHeaders(way, call, request.headers),
      body: JSON.stringify(call),
      ending: ender,
      maxBytes: way.maxBytes,
      allowPrivateNetwork: way.allowPrivateNetwork,
      onEvents: answer.onEvents,
    })
    if (REPEAT_ELSEWHERE.includes(reply.status)) await complete(way, call, sending)
    else if (reply.status === 202 || reply.status >= 300) refusal(way.give, call, reply)
    else await finish(way, answer, reply)
  } catch (error) {
    const isBroken = answer.lastEventId() !== undefined && !answer.isGiven() && !ender.isOver()
    if (isBroken) await resume(way, answer)
    else waiting.reject(error)
  } finally {
    way.life.leave(number)
  }
}

/** A promise only where the stream ended before its answer. */
function finish(way: Way, answer: LeanAnswer, reply: PostReply): Promise<void> | undefined {
  answer.take(reply)
  return answer.isGiven() ? undefined : resume(way, answer)
}

/** The same message the SDK's way; its answer is taken out of what comes. */
const complete = (
  { transport, envelope }: Way,
  call: JSONRPCRequest,
  { request: { headers, tag }, ender }: Sending,
): ReturnType<Send> => {
  const options = { headers, relatedRequestId: tag, ...(envelope && { requestSignal: ender.signal() }) }
  return transport.send(call, options)
}

/** A server may end a stream and have the rest fetched later (MCP 2025-11-25, Resumability): that is the SDK's business. */
async function resume(way: Way, answer: LeanAnswer): Promise<void> {
  const from = answer.lastEventId()
  if (from !== undefined && (await takenUp(way, from, answer.retryMs() ?? RESUME_AFTER_MS))) return
  answer.lose()
}

async function takenUp({ transport, schedule, life }: Way, from: string, afterMs: number): Promise<boolean> {
  for (let attempt = 0; attempt < RESUME_ATTEMPTS && !life.isOver(); attempt++) {
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
  { transport, always, envelope }: Way,
  { method, params }: JSONRPCRequest,
  more: Readonly<Record<string, string>>,
): string[] {
  const { sessionId, protocolVersion } = transport
  const told = [...always]
  if (sessionId !== undefined) told.push('mcp-session-id', sessionId)
  const claimed = envelope?.[VERSION_KEY]
  if (typeof claimed === 'string') {
    told.push('mcp-protocol-version', claimed, 'mcp-method', method)
    const name = params?.['name']
    if (typeof name === 'string') told.push('mcp-name', headerText(name))
  } else if (protocolVersion !== undefined) told.push('mcp-protocol-version', protocolVersion)
  for (const header of Object.keys(more)) told.push(header.toLowerCase(), more[header] ?? '')
  return told
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
