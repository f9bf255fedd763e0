import { ProtocolError, type ServerContext } from '@modelcontextprotocol/server'
import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest } from '../kernel/exchange.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { checkDeclared } from './input-required.ts'
import { metaToForward } from './meta.ts'

/** How long a person may take to answer, milliseconds. */
const ANSWER_MS = 10 * 60_000

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
  return async (request) => {
    checkDeclared(request, declared)
    try {
      const answer = await mcpReq.send(toMessage(request), anything, { timeout: ANSWER_MS, signal })
      if (isJsonObject(answer)) return answer
    } catch (error) {
      throw toFailure(error, request)
    }
    throw new GatewayError(
      'upstream_refused',
      `The client answered ${request.method} with something that is no result.`,
    )
  }
}

/** Without what the downstream server's own connection to us needed. */
function toMessage({ method, params: { _meta, ...params } }: ClientRequest) {
  const meta = metaToForward({ _meta })
  return { method, params: { ...params, ...(meta && { _meta: meta }) } }
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
