import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest, Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { missingCapabilities } from './capabilities.ts'
import { withoutHopMeta } from './meta.ts'
import { MISSING_CAPABILITY } from './rpc.ts'

/** MCP 2026-07-28, Multi Round-Trip Requests: the methods whose result may ask for input. */
export const ROUND_TRIP_METHODS: ReadonlySet<string> = new Set(['tools/call', 'prompts/get', 'resources/read'])

export const isInputRequired = (result: JsonObject): boolean => result['resultType'] === 'input_required'

/**
 * A downstream server's own `input_required`, fit for the caller: nothing is asked that it did not declare. Throws
 * `upstream_refused` with the protocol's −32021, or `upstream_invalid` for what is none.
 */
export function toInputRequired(result: JsonObject, { protocol }: Exchange): JsonObject {
  const { inputRequests, requestState } = result
  const requests = isJsonObject(inputRequests) ? Object.values(inputRequests) : []
  const hasState = typeof requestState === 'string'
  if (protocol.era === 'legacy' || (requests.length === 0 && !hasState)) {
    throw new GatewayError('upstream_invalid', 'The server asked for input in a way that this client has no answer to.')
  }
  for (const request of requests) checkDeclared(toClientRequest(request), protocol.capabilities)
  return withoutHopMeta(result)
}

/** Throws `upstream_refused` that says, as MCP 2026-07-28 does (−32021), what the caller would have to declare. */
export function checkDeclared(request: ClientRequest, declared: JsonObject): void {
  const requiredCapabilities = missingCapabilities(request, declared)
  if (!requiredCapabilities) return
  const message = `The server needs to ask the client (${request.method}), which did not declare that it can be asked.`
  throw new GatewayError('upstream_refused', message, {
    data: { code: MISSING_CAPABILITY, message, data: { requiredCapabilities } },
  })
}

export const tooManyQuestions = (limit: number): GatewayError =>
  new GatewayError('upstream_refused', `The server asks too much: ${limit} questions of this call are open.`)

function toClientRequest(request: Json | undefined): ClientRequest {
  if (isJsonObject(request) && typeof request['method'] === 'string') {
    const { method, params } = request
    return { method, params: isJsonObject(params) ? params : {} }
  }
  throw new GatewayError('upstream_invalid', 'The server asked for input in a form that is not MCP.')
}
