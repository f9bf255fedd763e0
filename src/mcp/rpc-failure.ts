import { type GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type ErrorCode, PROBLEMS } from '../kernel/problem.ts'
import { missingCapabilities } from './capabilities.ts'
import {
  INTERNAL_ERROR,
  INVALID_PARAMS,
  METHOD_NOT_FOUND,
  RESOURCE_NOT_FOUND,
  type RpcError,
  URL_ELICITATION_REQUIRED,
} from './rpc.ts'

const RPC_CODES: Readonly<Record<(typeof PROBLEMS)[ErrorCode]['mcp'], number>> = {
  result: INTERNAL_ERROR,
  invalid_params: INVALID_PARAMS,
  method_not_found: METHOD_NOT_FOUND,
  internal: INTERNAL_ERROR,
}

/** The message alone goes out: the same failure is the same bytes, so a hidden tool cannot be told from an unknown one. */
export function toRpcError(failure: GatewayError, { protocol }: Exchange): RpcError {
  const answer = downstreamAnswer(failure)
  if (answer) return inEra(answer, protocol.era)
  const { message, data } = failure
  if (failure.code === 'not_found' && typeof data['uri'] === 'string') {
    return {
      code: protocol.era === 'legacy' ? RESOURCE_NOT_FOUND : INVALID_PARAMS,
      message,
      data: { uri: data['uri'] },
    }
  }
  return { code: RPC_CODES[PROBLEMS[failure.code].mcp], message }
}

/** 2026-07-28 has no number of its own for a resource that is not there. */
const inEra = (error: RpcError, era: 'legacy' | 'modern'): RpcError =>
  era === 'modern' && error.code === RESOURCE_NOT_FOUND ? { ...error, code: INVALID_PARAMS } : error

/** The JSON-RPC error with which a downstream server answered, as it was; undefined for every other failure. */
export function downstreamAnswer({ code: problem, data: facts }: GatewayError): RpcError | undefined {
  const { code, message, data } = facts
  if (problem !== 'upstream_refused' || !Number.isSafeInteger(code) || typeof message !== 'string') return undefined
  return { code: Number(code), message, ...(data !== undefined && { data }) }
}

/**
 * The `input_required` result that stands for a legacy server's demand to visit a URL first (−32042), which 2026-07-28
 * does not have. Undefined when it is no such demand, or when the caller could not follow it.
 */
export function urlsToVisit({ code, data }: RpcError, { protocol }: Exchange): JsonObject | undefined {
  if (code !== URL_ELICITATION_REQUIRED || protocol.era === 'legacy' || !isJsonObject(data)) return undefined
  const elicitations = Array.isArray(data['elicitations']) ? data['elicitations'] : []
  const requests = elicitations.filter(isJsonObject).map(({ elicitationId: _legacy, ...params }) => ({
    method: 'elicitation/create',
    params: { ...params, mode: 'url' },
  }))
  const isPossible = requests.every((request) => missingCapabilities(request, protocol.capabilities) === undefined)
  if (requests.length === 0 || !isPossible) return undefined
  const inputRequests = Object.fromEntries(requests.map((request, index) => [`url-${index + 1}`, request]))
  return { resultType: 'input_required', inputRequests }
}
