import { isJsonObject, type JsonObject } from '../kernel/json.ts'

/** `data` of an error that stands in for an answer that never came. */
export const STREAM_ENDED = 'dev.gatehouse/stream-ended'
/** `data` of an error that stands in for an answer that is no JSON-RPC. */
export const NOT_JSON_RPC = 'dev.gatehouse/not-json-rpc'

/** An answer that lets a request fail at once; without it the SDK would wait for the whole timeout. */
export function lostAnswer(id: string | number, mark: typeof STREAM_ENDED | typeof NOT_JSON_RPC) {
  return { jsonrpc: '2.0' as const, id, error: { code: -32_000, message: mark, data: mark } }
}

/** A message as it came, or the failure of the request that it answers badly. */
export function checkedAnswer(message: JsonObject): JsonObject {
  const { id, method, result, error } = message
  if (method !== undefined || (typeof id !== 'number' && typeof id !== 'string')) return message
  const isRefusal = isJsonObject(error) && typeof error['code'] === 'number' && typeof error['message'] === 'string'
  return isRefusal || isJsonObject(result) ? message : lostAnswer(id, NOT_JSON_RPC)
}
