import {
  ProtocolError,
  SdkError,
  SdkErrorCode,
  SdkHttpError,
  SseError,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { isSmall } from './json-bounds.ts'
import { NOT_JSON_RPC, STREAM_ENDED } from './lost-answer.ts'
import { masked, type McpSpec } from './mcp-spec.ts'
import type { Wire } from './mcp-wire.ts'
import { printable } from './stderr-tail.ts'

const MAX_ERROR_DATA = { bytes: 16_384, depth: 16 }

/**
 * Why a connection could not be made or was lost, for the supervisor and its admin. `data.stderr` holds the process's
 * last lines, `data.reauth` says that the credential was refused. Neither is for agents.
 */
export function toConnectError(error: unknown, spec: McpSpec, wire?: Wire): GatewayError {
  const known = wire?.failure() ?? firstGatewayError(error)
  const stderr = masked(wire?.lastWords() ?? '', spec.transport)
  const failure = known ?? toFailure(error)
  return new GatewayError(failure.code, masked(failure.message, spec.transport), {
    cause: error,
    data: { ...failure.data, ...(stderr !== '' && { stderr }) },
  })
}

/** Why a call failed, for the agent that made it. A protocol error of the server is kept whole in `data`. */
export function toCallError(error: unknown): GatewayError {
  const answer = answerIn(error)
  if (answer) return toRefusal(answer)
  if (error instanceof SdkHttpError && error.status === 403) {
    return new GatewayError('upstream_refused', 'The server forbids this call (HTTP 403).', { cause: error })
  }
  return firstGatewayError(error) ?? toFailure(error)
}

/** The server answered, if only with an error: it is alive. */
export const isAnswer = (error: unknown): boolean =>
  (error instanceof ProtocolError && error.data !== STREAM_ENDED) || answerIn(error) !== undefined

/** Modern servers answer an unknown method, and some other faults, with an HTTP status and the JSON-RPC error as its body. */
function answerIn(error: unknown): ProtocolError | undefined {
  if (!(error instanceof SdkHttpError) || error.status === undefined || !BEARS_ANSWER.includes(error.status))
    return undefined
  const { text } = error.data
  const body = typeof text === 'string' ? parsed(text) : undefined
  const answer = isJsonObject(body) ? body['error'] : undefined
  if (!isJsonObject(answer)) return undefined
  const { code, message, data } = answer
  return typeof code === 'number' && typeof message === 'string' ? new ProtocolError(code, message, data) : undefined
}

const BEARS_ANSWER = [400, 404, 405, 409, 422]

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The server no longer knows the session (MCP 2025-11-25, Session Management: 404 means start a new one). */
export const isLostSession = (error: unknown): boolean => error instanceof SdkHttpError && error.status === 404

/** Nobody listens there: the request never left. */
export const isUnreachable = (error: unknown): boolean => networkCode(error) === 'ECONNREFUSED'

function toFailure(error: unknown): GatewayError {
  if (error instanceof ProtocolError) return toRefusal(error)
  if (error instanceof SdkHttpError && error.status !== undefined) return toHttpFailure(error.status, error)
  if (error instanceof UnauthorizedError) return toHttpFailure(401, error)
  if (error instanceof SseError && error.code !== undefined) return toHttpFailure(error.code, error)
  if (error instanceof SdkError) return toSdkFailure(error)
  const code = networkCode(error)
  if (code !== undefined) return toNetworkFailure(code, error)
  if (error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError')) {
    return new GatewayError('upstream_invalid', 'The server sent an answer that is not MCP.', { cause: error })
  }
  return new GatewayError('upstream_failed', 'The connection to the server failed.', { cause: error })
}

function toRefusal(error: ProtocolError): GatewayError {
  if (error.data === STREAM_ENDED) {
    return new GatewayError('upstream_failed', 'The server ended the connection before it answered.', { cause: error })
  }
  if (error.data === NOT_JSON_RPC) {
    return new GatewayError('upstream_invalid', 'The server sent an answer that is not MCP.', { cause: error })
  }
  const data = isSmall(error.data, MAX_ERROR_DATA) ? { data: error.data as Json } : {}
  const facts: JsonObject = { code: error.code, message: error.message.slice(0, 2_000), ...data }
  return new GatewayError('upstream_refused', `The server refused: ${printable(error.message)}`, {
    cause: error,
    data: facts,
  })
}

function toHttpFailure(status: number, cause: unknown): GatewayError {
  if (status === 401 || status === 403) {
    const detail = `The server refused the gateway's credential (HTTP ${status}). Check the headers of the connection.`
    return new GatewayError('connection_unusable', detail, { cause, data: { reauth: true } })
  }
  if (status === 429)
    return new GatewayError('rate_limit_exceeded', 'The server is called too often (HTTP 429).', { cause })
  if (status >= 500) return new GatewayError('upstream_failed', `The server failed (HTTP ${status}).`, { cause })
  if (status === 404) {
    return new GatewayError('upstream_refused', 'Nothing speaks MCP at this address (HTTP 404). Check the URL.', {
      cause,
    })
  }
  return new GatewayError('upstream_refused', `The server refused the request (HTTP ${status}).`, { cause })
}

function toSdkFailure(error: SdkError): GatewayError {
  switch (error.code) {
    case SdkErrorCode.RequestTimeout:
      return new GatewayError('upstream_timeout', 'The server did not answer in time.', { cause: error })
    case SdkErrorCode.UnsupportedResultType:
      return new GatewayError(
        'upstream_refused',
        'The server answered with a kind of result that this gateway does not carry.',
        { cause: error },
      )
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.ClientHttpUnexpectedContent:
      return new GatewayError('upstream_invalid', 'The server sent an answer that is not MCP.', { cause: error })
    case SdkErrorCode.EraNegotiationFailed:
      return error.cause === undefined || error.cause === error
        ? new GatewayError('upstream_invalid', 'The server did not agree on a protocol version.', { cause: error })
        : toFailure(error.cause)
    default:
      return new GatewayError('upstream_failed', 'The connection to the server ended.', { cause: error })
  }
}

function toNetworkFailure(code: string, cause: unknown): GatewayError {
  const words: Record<string, string> = {
    ECONNREFUSED: 'Nothing listens at the address. Start the server, or correct the URL.',
    ENOTFOUND: 'The host name is not known. Correct the URL.',
    EAI_AGAIN: 'The host name cannot be looked up right now.',
    ECONNRESET: 'The server broke the connection.',
    ETIMEDOUT: 'The server cannot be reached.',
  }
  return new GatewayError('upstream_failed', words[code] ?? `The server cannot be reached (${code}).`, { cause })
}

/** `fetch` and the SDK wrap what went wrong; the chain is short, and walked no further than that. */
function causes(error: unknown): readonly unknown[] {
  const chain: unknown[] = []
  for (let next = error; next !== undefined && next !== null && chain.length < 5;) {
    chain.push(next)
    next = next instanceof Error ? next.cause : undefined
  }
  return chain
}

const firstGatewayError = (error: unknown): GatewayError | undefined =>
  causes(error).find((cause) => cause instanceof GatewayError)

function networkCode(error: unknown): string | undefined {
  const found = causes(error).find(
    (cause) =>
      cause instanceof Error &&
      !(cause instanceof SdkError) &&
      'code' in cause &&
      /^[A-Z][A-Z0-9_]{2,40}$/.test(String(cause.code)),
  )
  return found instanceof Error && 'code' in found ? String(found.code) : undefined
}
