import { GatewayError } from '../kernel/errors.ts'

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ENOTFOUND: 'has no address: its name cannot be resolved',
  EAI_AGAIN: 'has no address right now: name resolution failed',
  EHOSTUNREACH: 'cannot be reached from here',
  ENETUNREACH: 'cannot be reached from here',
  ECONNRESET: 'closed the connection before it had answered',
  EPIPE: 'closed the connection before it had answered',
  UND_ERR_SOCKET: 'closed the connection before it had answered',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'closed the connection in the middle of its answer',
}
const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])
/** Nothing was sent when one of these happens. */
const BEFORE_SENDING = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
])
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])

/** The system's or undici's code of a failure; an empty text when there is none. */
export function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ''
  if ('code' in error && typeof error.code === 'string') return error.code
  // Happy Eyeballs reports one failure per address.
  const [first] = error instanceof AggregateError ? (error.errors as readonly unknown[]) : []
  return first === undefined ? '' : codeOf(first)
}

/** True when trying again may help and the request may be repeated: the connection failed or broke. */
export const isConnectionFailure = (error: unknown): boolean =>
  BEFORE_SENDING.has(codeOf(error)) || BROKEN.has(codeOf(error))

/**
 * Says what went wrong with a request in words for its caller: `upstream_timeout`, `upstream_invalid` when the answer is
 * not HTTP, else `upstream_failed`. After a write it adds that the outcome is unknown, unless nothing was sent.
 */
export function toEgressError(error: unknown, host: string, idempotent: boolean): GatewayError {
  if (error instanceof GatewayError) return error
  const code = codeOf(error)
  const doubt = idempotent || BEFORE_SENDING.has(code) ? '' : ` ${DOUBT}`
  if (TIMEOUTS.has(code)) {
    return new GatewayError('upstream_timeout', `${host} did not answer in time.${doubt}`, { cause: error })
  }
  if (isParserError(error) || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return new GatewayError('upstream_invalid', `${host} sent something that is not HTTP.${doubt}`, { cause: error })
  }
  const words =
    WORDS[code] ?? (isTlsFailure(code) ? 'could not prove who it is: its certificate is not valid' : 'failed')
  return new GatewayError('upstream_failed', `${host} ${words}.${doubt}`, { cause: error })
}

/** What the time or the caller ended. */
export function endedEarly(
  reason: 'cancelled' | 'timeout',
  host: string,
  timeoutMs: number,
  idempotent: boolean,
): GatewayError {
  const doubt = idempotent ? '' : ` ${DOUBT}`
  return reason === 'cancelled'
    ? new GatewayError('cancelled', `The request to ${host} was cancelled.${doubt}`)
    : new GatewayError('upstream_timeout', `${host} did not answer within ${timeoutMs / 1000} s.${doubt}`)
}

const DOUBT = 'It may have been done all the same: look before you try again.'

/** Known by its name: undici gives some of them no code. */
const isParserError = (error: unknown): boolean => error instanceof Error && error.name === 'HTTPParserError'

const isTlsFailure = (code: string): boolean =>
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_)/.test(code)
