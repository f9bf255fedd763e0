import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest, Exchange, Resumption } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { canBeAsked } from './client-capabilities.ts'

const MAX_ROUNDS = 8
const MAX_MS = 10 * 60_000

/**
 * Answers `input_required` (MCP 2026-07-28, Multi Round-Trip Requests) for a caller of the legacy era: asks it, and sends the
 * call again with its answers and the server's state as it was, at most 8 times within 10 minutes. A modern caller gets the
 * result untouched. Rejects with `upstream_refused` when the caller cannot be asked.
 */
export function withRounds(send: Send, exchange: Exchange, clock: Clock): Promise<JsonObject> {
  const first = send(exchange.resumption)
  if (exchange.protocol.era === 'modern') return first
  const until = clock() + MAX_MS
  return first.then((result) =>
    isInputRequired(result) ? rounds(send, exchange, result, () => clock() >= until) : result,
  )
}

type Send = (resumption: Resumption | undefined) => Promise<JsonObject>

async function rounds(send: Send, exchange: Exchange, first: JsonObject, isLate: () => boolean): Promise<JsonObject> {
  let result = first
  for (let round = 1; isInputRequired(result); round += 1) {
    if (round > MAX_ROUNDS || isLate()) {
      throw new GatewayError('upstream_refused', 'The server asked for input again and again; the call was given up.')
    }
    const inputResponses = await answersTo(result['inputRequests'], exchange)
    const { requestState } = result
    result = await send({ inputResponses, ...(typeof requestState === 'string' && { requestState }) })
  }
  return result
}

export const isInputRequired = (result: JsonObject): boolean => result['resultType'] === 'input_required'

/** The answers under the keys of the questions, asked in their order. */
async function answersTo(requests: Json | undefined, exchange: Exchange): Promise<JsonObject> {
  const answers: Record<string, JsonObject> = {}
  for (const [key, request] of Object.entries(isJsonObject(requests) ? requests : {})) {
    answers[key] = await answerTo(toRequest(request), exchange)
  }
  return answers
}

function answerTo(request: ClientRequest, exchange: Exchange): Promise<JsonObject> {
  if (exchange.ask && canBeAsked(exchange, request)) return exchange.ask(request)
  const detail = `The server wants to ask the client (${request.method}), and this client cannot be asked.`
  throw new GatewayError('upstream_refused', detail)
}

function toRequest(request: Json | undefined): ClientRequest {
  if (isJsonObject(request) && typeof request['method'] === 'string') {
    const { method, params } = request
    return { method, params: isJsonObject(params) ? params : {} }
  }
  throw new GatewayError('upstream_invalid', 'The server asked for input in a form that is not MCP.')
}
