import { ProtocolError, type ServerContext } from '@modelcontextprotocol/server'
import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { checkDeclared, tooManyQuestions } from './input-required.ts'
import { forwarded } from './questions.ts'

/** How long a person may take to answer, milliseconds. */
const ANSWER_MS = 10 * 60_000

/** More questions of one call than this are not put to its client at once. */
const MOST_OPEN = 32

/** Any answer, as it came: who asked judges it. */
const anything = {
  '~standard': { version: 1 as const, vendor: 'gatehouse', validate: (value: unknown) => ({ value }) },
}

/**
 * Asks a legacy client while its call runs, with a request of the server on the stream of that call (MCP 2025-11-25,
 * Streamable HTTP: related to the originating request). Only what the client declared is asked.
 */
export function clientRequests(
  { mcpReq }: ServerContext,
  declared: JsonObject,
  signal: AbortSignal,
): (request: ClientRequest) => Promise<JsonObject> {
  let open = 0
  return async (request) => {
    checkDeclared(request, declared)
    if (open >= MOST_OPEN) throw tooManyQuestions(MOST_OPEN)
    open += 1
    try {
      const answer = await mcpReq.send(forwarded(request), anything, { timeout: ANSWER_MS, signal })
      if (isJsonObject(answer)) return answer
    } catch (error) {
      throw toFailure(error, request)
    } finally {
      open -= 1
    }
    throw new GatewayError(
      'upstream_refused',
      `The client answered ${request.method} with something that is no result.`,
    )
  }
}

/** The client's refusal whole, for the server that asked; anything else means that it is gone or does not answer. */
function toFailure(cause: unknown, { method }: ClientRequest): GatewayError {
  if (!(cause instanceof ProtocolError)) {
    return new GatewayError('cancelled', `The client did not answer ${method}: it went away, or took too long.`, {
      cause,
    })
  }
  const { code, message, data } = cause
  return new GatewayError('upstream_refused', `The client refused ${method}.`, {
    cause,
    data: { code, message, ...(data !== undefined && { data: data as Json }) },
  })
}
