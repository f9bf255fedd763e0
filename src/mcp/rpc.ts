import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'

/** JSON-RPC 2.0 §5.1. MCP's own numbers are the SDK's to send; we mint none. */
export const PARSE_ERROR = -32_700
export const INVALID_REQUEST = -32_600
export const METHOD_NOT_FOUND = -32_601
export const INVALID_PARAMS = -32_602
export const INTERNAL_ERROR = -32_603

export type RpcId = string | number

/** What stands under `error` in a JSON-RPC response. */
export interface RpcError {
  readonly code: number
  readonly message: string
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

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/** What keeps a value from being a JSON-RPC message, in words for the sender; undefined when nothing does. */
export function shapeProblem(message: Json): string | undefined {
  if (!isJsonObject(message)) return 'A JSON-RPC message must be an object.'
  if (message['jsonrpc'] !== '2.0') return 'The member "jsonrpc" must be "2.0".'
  const stranger = Object.keys(message).find((member) => !MEMBERS.has(member))
  if (stranger !== undefined) return `A JSON-RPC message has no member "${stranger.slice(0, 100)}".`
  return 'method' in message ? requestProblem(message) : undefined
}

function requestProblem({ id, method, params }: JsonObject): string | undefined {
  if (typeof method !== 'string') return 'The member "method" must be a string.'
  if (id !== undefined && !isRpcId(id)) return 'The member "id" must be a string or an integer below 2^53.'
  if (params !== undefined && !isJsonObject(params)) return 'The member "params" must be an object.'
  if (params?.['_meta'] !== undefined && !isJsonObject(params['_meta']))
    return 'The member "params._meta" must be an object.'
  return undefined
}
