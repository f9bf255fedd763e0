import type { Client, RequestOptions } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import type { Exchange, Progress } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { isShallow } from './json-bounds.ts'
import type { Link } from './mcp-link.ts'
import type { McpTimeouts } from './mcp-spec.ts'
import { deadline, type Schedule } from './schedule.ts'

export interface RelayedCall {
  readonly name: string
  readonly input: JsonObject
  readonly exchange: Exchange
  /** `Mcp-Param-*` headers; only Streamable HTTP of the modern era sends them. */
  readonly headers: Readonly<Record<string, string>>
}

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
  client.request({ method, params }, anything, options)

/**
 * Sends one `tools/call` on and brings its result back without loss. Silence for `idleMs` or `totalMs` in all reject with
 * `upstream_timeout`, the caller's end with `cancelled`; both reach the server. Other failures are thrown as they came.
 */
export async function relayCall(
  link: Link,
  call: RelayedCall,
  { idleMs, totalMs }: McpTimeouts,
  schedule: Schedule,
): Promise<ToolResult> {
  const limit = deadline(call.exchange.signal, totalMs, schedule)
  try {
    const result = await ask(link.client, 'tools/call', toParams(link, call), {
      signal: limit.signal,
      timeout: idleMs,
      resetTimeoutOnProgress: true,
      headers: call.headers,
      onprogress: (progress) => {
        if (!limit.signal.aborted) call.exchange.onProgress?.(progress as Progress)
      },
    })
    return toResult(result)
  } catch (error) {
    if (call.exchange.signal.aborted) {
      throw new GatewayError('cancelled', 'The call was cancelled.', { cause: error })
    }
    if (limit.expired()) {
      throw new GatewayError('upstream_timeout', `The server did not finish within ${totalMs} ms.`, { cause: error })
    }
    throw error
  } finally {
    limit.release()
  }
}

function toParams(link: Link, { name, input, exchange }: RelayedCall): JsonObject {
  const meta = {
    ...withoutHop(exchange.meta ?? {}),
    // Modern servers send log messages only to requests that ask; the edge keeps what its caller wants.
    ...(link.era === 'modern' && exchange.onLog && { 'io.modelcontextprotocol/logLevel': 'debug' }),
  }
  return { name, arguments: input, ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

const withoutHop = (meta: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(meta).filter(([key]) => !HOP_META.includes(key)))

function toResult(result: unknown): ToolResult {
  if (!isJsonObject(result)) throw invalid('no object')
  if (!isShallow(result, MAX_DEPTH)) throw invalid(`nested deeper than ${MAX_DEPTH}`)
  const { content, _meta, ...rest } = result
  if (content !== undefined && !Array.isArray(content)) throw invalid('content that is no list')
  if (content === undefined && rest['structuredContent'] === undefined)
    throw invalid('neither content nor structuredContent')
  const meta = isJsonObject(_meta) ? withoutHop(_meta) : {}
  return { ...rest, content: content ?? [], ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

const invalid = (what: string): GatewayError =>
  new GatewayError('upstream_invalid', `The server sent a result that cannot be used: ${what}.`)
