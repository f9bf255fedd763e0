import { isJsonObject, type Json } from '../kernel/json.ts'

/** JSON-RPC 2.0 §5.1. */
export const PARSE_ERROR = -32_700
export const INVALID_REQUEST = -32_600
export const METHOD_NOT_FOUND = -32_601
export const INVALID_PARAMS = -32_602
export const INTERNAL_ERROR = -32_603
/** MCP up to 2025-11-25, Resources; 2026-07-28 has `INVALID_PARAMS` in its place. */
export const RESOURCE_NOT_FOUND = -32_002
/** MCP 2026-07-28: headers and body disagree, and a request needs what the client did not declare. */
export const HEADER_MISMATCH = -32_020
export const MISSING_CAPABILITY = -32_021
/** MCP 2025-11-25, Elicitation: the client must visit a URL before it tries again. */
export const URL_ELICITATION_REQUIRED = -32_042

export type RpcId = string | number

/** What stands under `error` in a JSON-RPC response. */
export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: Json
}

/** A JSON-RPC error as an HTTP response. `id` is the request's when it could be read, else null. */
export const rpcErrorResponse = (status: number, error: RpcError, id: RpcId | null = null): Response =>
  new Response(JSON.stringify({ jsonrpc: '2.0', error, id }), {
    status,
    headers: { 'content-type': 'application/json' },
  })

/** MCP: a string or an integer, never null. */
export const isRpcId = (value: unknown): value is RpcId => typeof value === 'string' || Number.isSafeInteger(value)

/** The id to answer with, as far as the message lets it be known. */
export const idOf = (message: unknown): RpcId | null =>
  isJsonObject(message) && isRpcId(message['id']) ? message['id'] : null
