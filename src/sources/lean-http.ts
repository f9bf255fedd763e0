import { setMaxListeners } from 'node:events'
import type { JSONRPCRequest, StreamableHTTPClientTransport, Transport } from '@modelcontextprotocol/client'
import type { Egress } from '../egress/egress.ts'
import { isJsonObject } from '../kernel/json.ts'
import { leanAnswer, type LeanAnswer, refusal, VERSION_KEY } from './lean-answer.ts'
import { headerText } from './mcp-param-headers.ts'
import { pause, type Schedule } from './schedule.ts'

type Send = StreamableHTTPClientTransport['send']
type SendOptions = NonNullable<Parameters<Send>[1]> &
  Pick<NonNullable<Parameters<Transport['send']>[1]>, 'relatedRequestId'>

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

/**
 * Gives the transport a quick way for `tools/call`: one POST without `fetch` and web streams. Ids, timeouts, cancellation,
 * progress and what the server asks in between stay the SDK client's, which gets every message. Which way a call takes is
 * settled before it is sent; one that the server may have received is never sent again.
 */
export function leanCalls(lean: LeanHttp): void {
  const { transport } = lean
  const headers = lowerCase(lean.headers)
  if (SPECIAL.some((name) => name in headers)) return
  const complete: Send = transport.send.bind(transport)
  const way = { ...lean, complete, life: lifeOf(transport), headers: { ...headers, ...FIXED_HEADERS } }
  transport.send = async (message, options: SendOptions = {}) => {
    if (!isPlainCall(message, options)) return complete(message, options)
    try {
      return await sendCall(way, message, options)
    } catch (error) {
      if (options.requestSignal?.aborted !== true && error instanceof Error) transport.onerror?.(error)
      throw error
    }
  }
}

/** The one table of ways: what is not said here goes the complete way. */
const isPlainCall = (message: unknown, { resumptionToken }: SendOptions): message is JSONRPCRequest =>
  isJsonObject(message) &&
  message['method'] === 'tools/call' &&
  message['id'] !== undefined &&
  resumptionToken === undefined

/** Aborts when the transport is closed, which ends what is still under way. Every call listens: that is no leak. */
function lifeOf(transport: StreamableHTTPClientTransport): AbortSignal {
  const life = new AbortController()
  setMaxListeners(0, life.signal)
  const close = transport.close.bind(transport)
  transport.close = () => {
    life.abort()
    return close()
  }
  return life.signal
}

interface Way extends LeanHttp {
  readonly complete: Send
  readonly life: AbortSignal
}

async function sendCall(way: Way, call: JSONRPCRequest, options: SendOptions): Promise<void> {
  const answer = leanAnswer(way.transport, call.id, way.maxBytes, options.relatedRequestId)
  const end = joined(way.life, options.requestSignal)
  try {
    const reply = await way.post({
      url: way.url,
      headers: toHeaders(way, call, options.headers),
      body: JSON.stringify(call),
      signal: end.signal,
      maxBytes: way.maxBytes,
      allowPrivateNetwork: way.allowPrivateNetwork,
      onEvents: answer.onEvents,
    })
    if (REPEAT_ELSEWHERE.includes(reply.status)) return await way.complete(call, options)
    if (reply.status === 202 || reply.status >= 300) return refusal(way.transport, call, reply)
    answer.take(reply)
  } catch (error) {
    if (answer.lastEventId() === undefined || answer.isGiven() || end.signal.aborted) throw error
  } finally {
    end.release()
  }
  if (!answer.isGiven()) await resume(way, answer)
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
  more: SendOptions['headers'],
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
    ...(more && lowerCase(more)),
  }
}

const lowerCase = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))

/** Cheaper than `AbortSignal.any`, which keeps dead signals of a long-lived one on Node 20. */
function joined(life: AbortSignal, call: AbortSignal | undefined) {
  if (!call) return { signal: life, release: () => undefined }
  const controller = new AbortController()
  const end = (): void => controller.abort()
  if (life.aborted || call.aborted) end()
  life.addEventListener('abort', end)
  call.addEventListener('abort', end)
  const release = (): void => {
    life.removeEventListener('abort', end)
    call.removeEventListener('abort', end)
  }
  return { signal: controller.signal, release }
}
