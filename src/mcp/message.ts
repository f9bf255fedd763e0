import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { parseStrict } from './parse-strict.ts'
import { idOf, INVALID_REQUEST, isRpcId, PARSE_ERROR, type RpcError, type RpcId } from './rpc.ts'

/** A message from a stranger, or what to answer it with. */
export type ReadMessage =
  | { readonly body: Json; readonly error?: undefined }
  | { readonly error: RpcError; readonly id: RpcId | null }

/** Reads a body or a line strictly. What it gives is a JSON-RPC message in shape, or an array for the door to judge. */
export function readMessage(text: string): ReadMessage {
  const parsed = parseStrict(text)
  if (!parsed.ok) {
    const code = parsed.reason === 'syntax' ? PARSE_ERROR : INVALID_REQUEST
    return { error: { code, message: parsed.problem }, id: null }
  }
  const body = parsed.value
  const problem = Array.isArray(body) ? undefined : shapeProblem(body)
  return problem === undefined ? { body } : { error: { code: INVALID_REQUEST, message: problem }, id: idOf(body) }
}

const MEMBERS = new Set(['jsonrpc', 'id', 'method', 'params', 'result', 'error'])

/** What keeps a value from being a JSON-RPC message, in words for the sender; undefined when nothing does. */
function shapeProblem(message: Json): string | undefined {
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
  const meta = params?.['_meta']
  return meta !== undefined && !isJsonObject(meta) ? 'The member "params._meta" must be an object.' : undefined
}
