import type { Client, RequestOptions } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange, Progress, Resumption } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import type { CallsInFlight } from './calls-in-flight.ts'
import { carriedOf } from './client-capabilities.ts'
import { isShallow } from './json-bounds.ts'
import type { Link } from './mcp-link.ts'
import { patience, type Limits, type Patience, type Time } from './patience.ts'
import { unchecked } from './plain-method.ts'
import { isInputRequired } from './rounds.ts'

export interface RelayedCall {
  readonly method: string
  readonly params: JsonObject
  readonly exchange: Exchange
  /** `Mcp-Param-*` headers; only Streamable HTTP of the modern era sends them. */
  readonly headers: Readonly<Record<string, string>>
  /** Answers to an earlier result that asked for input, and the server's state; only the modern era has them. */
  readonly resumption?: Resumption | undefined
}

/** What a call goes over. */
export interface RelayLine {
  readonly link: Link
  readonly calls: CallsInFlight
}

/** The SDK has a time limit of its own, which cannot wait for a person; ours comes first. */
const SPARE_MS = 5_000
const MAX_DEPTH = 64
/** What belongs to one hop and is never passed on (MCP 2026-07-28, Request Metadata). */
const HOP_META = [
  'progressToken',
  'io.modelcontextprotocol/protocolVersion',
  'io.modelcontextprotocol/clientInfo',
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/serverInfo',
  'io.modelcontextprotocol/subscriptionId',
]

/** Any result, as it came: the SDK's own schemas drop fields that they do not know. */
const anything = {
  '~standard': { version: 1 as const, vendor: 'gatehouse', validate: (value: unknown) => ({ value }) },
}

/** Sends one request and gives its result untouched. Rejects with what the SDK throws. */
export const ask = (client: Client, method: string, params: JsonObject, options: RequestOptions): Promise<unknown> =>
  client.request({ method: unchecked(method), params }, anything, options)

/**
 * Sends one request on and brings its result back without loss. Silence for `idleMs` (while nobody is asked) or `totalMs` in
 * all reject with `upstream_timeout`, the caller's end with `cancelled`; both reach the server. Other failures are thrown
 * as they came.
 */
export function relay({ link, calls }: RelayLine, call: RelayedCall, limits: Limits, time: Time): Promise<JsonObject> {
  const { exchange } = call
  const waiting = patience(exchange.ending, limits, time)
  const inFlight = calls.enter(exchange, waiting)
  const over = (): void => {
    calls.leave(inFlight)
    waiting.release()
  }
  return sent(link, call, { waiting, tag: inFlight.tag, totalMs: limits.totalMs }).then(
    (result) => {
      over()
      return toResult(result)
    },
    (error: unknown) => {
      over()
      throw toRelayError(error, exchange, waiting, limits)
    },
  )
}

interface Sending {
  readonly waiting: Patience
  readonly tag: number
  readonly totalMs: number
}

/** The one table of ways: calls of tools past the SDK's client where the line can, everything else through it. */
function sent(link: Link, call: RelayedCall, { waiting, tag, totalMs }: Sending): Promise<unknown> {
  const { method, headers, exchange } = call
  const { ending } = waiting
  const params = toParams(link, call)
  const onProgress = (progress: Progress): void => {
    waiting.touch()
    if (!ending.isOver()) exchange.onProgress?.(progress)
  }
  if (method === 'tools/call' && link.direct) return link.direct({ method, params, headers, ending, tag, onProgress })
  return ask(link.client, method, params, {
    signal: ending.signal(),
    timeout: totalMs + SPARE_MS,
    headers,
    relatedRequestId: tag,
    allowInputRequired: true,
    onprogress: (progress) => onProgress(progress as Progress),
  })
}

function toRelayError(error: unknown, { ending }: Exchange, waiting: Patience, { totalMs }: Limits): unknown {
  if (ending.isOver()) return new GatewayError('cancelled', 'The call was cancelled.', { cause: error })
  switch (waiting.expired()) {
    case 'idle':
      return new GatewayError('upstream_timeout', 'The server did not answer in time.', { cause: error })
    case 'total':
      return new GatewayError('upstream_timeout', `The server did not finish within ${totalMs} ms.`, { cause: error })
    default:
      return error
  }
}

function toParams({ era }: Link, { params, exchange, resumption }: RelayedCall): JsonObject {
  const isModern = era === 'modern'
  if (!isModern && !exchange.meta) return params
  const meta: Record<string, Json | undefined> = withoutHop(exchange.meta)
  if (isModern) {
    meta['io.modelcontextprotocol/clientCapabilities'] = carriedOf(exchange)
    // Modern servers send log messages only to requests that ask; the edge keeps what its caller wants.
    if (exchange.onLog) meta['io.modelcontextprotocol/logLevel'] = 'debug'
  } else if (Object.keys(meta).length === 0) return params
  // Not spread: V8 makes a hidden class for each `{ ...one, more }`.
  return Object.assign({}, params, isModern ? resumption : undefined, { _meta: meta })
}

const withoutHop = (meta: JsonObject | undefined): Record<string, Json | undefined> =>
  meta ? Object.fromEntries(Object.entries(meta).filter(([key]) => !HOP_META.includes(key))) : {}

function toResult(result: unknown): JsonObject {
  if (!isJsonObject(result)) throw invalid('no object')
  if (!isShallow(result, MAX_DEPTH)) throw invalid(`nested deeper than ${MAX_DEPTH}`)
  if (!('_meta' in result)) return result
  const { _meta, ...rest } = result
  const meta = isJsonObject(_meta) ? withoutHop(_meta) : {}
  return Object.keys(meta).length > 0 ? { ...rest, _meta: meta } : rest
}

/** The result of `tools/call`, or what a modern server wants to know first: that one is for the caller as it is. */
export function toToolResult(result: JsonObject): ToolResult {
  if (isInputRequired(result)) return result as ToolResult
  const { content, ...rest } = result
  if (Array.isArray(content)) return result as ToolResult
  if (content !== undefined) throw invalid('content that is no list')
  if (content === undefined && rest['structuredContent'] === undefined)
    throw invalid('neither content nor structuredContent')
  return { ...rest, content: [] }
}

const invalid = (what: string): GatewayError =>
  new GatewayError('upstream_invalid', `The server sent a result that cannot be used: ${what}.`)
