import { GatewayError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { ErrorCode } from '../../kernel/problem.ts'

/** What was being done when the authorization server said no. */
export type OAuthStep = 'authorize' | 'exchange' | 'refresh' | 'client_credentials' | 'revoke' | 'capture'

/** A refusal in the server's own words. */
export interface Refusal {
  /** HTTP status; undefined when it came through the browser. */
  readonly status?: number | undefined
  /** The code of RFC 6749 §4.1.2.1 or §5.2, or the server's own. */
  readonly error?: string | undefined
  readonly description?: string | undefined
  readonly retryAfterMs?: number | undefined
  /** What was sent in confidence; a server that repeats it is not quoted. */
  readonly secrets?: readonly string[]
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  invalid_grant: 'invalid_grant',
  invalid_client: 'invalid_credential',
  unauthorized_client: 'invalid_credential',
  invalid_scope: 'insufficient_scope',
  insufficient_scope: 'insufficient_scope',
  access_denied: 'access_denied',
  consent_required: 'access_denied',
  login_required: 'access_denied',
  interaction_required: 'access_denied',
  redirect_uri_mismatch: 'redirect_mismatch',
}
const PASSING = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])

/** A refusal as a GatewayError that says what to do. `data`: `oauthError`, `said`, `retryable`, `retryAfterMs`. */
export function refusalError(step: OAuthStep, service: string, refusal: Refusal): GatewayError {
  const { status = 0, retryAfterMs } = refusal
  const secrets = (refusal.secrets ?? []).filter(Boolean)
  const error = /^[a-z][a-z_]{0,63}$/.test(refusal.error ?? '') ? refusal.error : undefined
  const said = quotable(refusal.description, secrets)
  const passing = status >= 500 || status === 429 || (error !== undefined && PASSING.has(error))
  const code = passing ? 'oauth_failed' : codeOf(error, status)
  const data: JsonObject = {
    ...(error === undefined ? {} : { oauthError: error }),
    ...(said === undefined ? {} : { said }),
    ...(passing ? { retryable: true } : {}),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  }
  const words = `${sentence(code, step, service, passing)}${said === undefined ? '' : ` It says: "${said}"`}`
  return new GatewayError(code, words, { data })
}

/** No answer at all: trying again may help. */
export function unreachable(service: string, cause: unknown, why = 'could not be reached'): GatewayError {
  return new GatewayError('oauth_failed', `${service} ${why}. Nothing was changed here: try again in a while.`, {
    cause,
    data: { retryable: true },
  })
}

/** An answer that is no token answer (RFC 6749 §5.1). Only the words of `cause` are kept: the library's errors carry the answer. */
export const unusable = (service: string, what: string, cause?: unknown): GatewayError =>
  new GatewayError('oauth_failed', `${service} sent an answer that cannot be used: ${what}.`, {
    cause: cause instanceof Error ? cause.message : undefined,
  })

function codeOf(error: string | undefined, status: number): ErrorCode {
  const known = error !== undefined && Object.hasOwn(CODES, error) ? CODES[error] : undefined
  // RFC 6749 §5.2 keeps 401 for clients that could not prove who they are.
  return known ?? (status === 401 ? 'invalid_credential' : 'oauth_failed')
}

const ENDED: Readonly<Record<OAuthStep, string>> = {
  authorize: 'did not accept the request. Connect again.',
  exchange:
    'did not accept the sign-in: its code was used, is too old, or was made for another client or redirect address. Connect again.',
  refresh: 'ended the grant: it was revoked, is too old, or was replaced. Connect the account again.',
  client_credentials: 'does not grant access to this client. Check the client in its developer settings.',
  revoke: 'does not know the grant any more.',
  capture: 'did not accept the new token. Connect again.',
}

function sentence(code: ErrorCode, step: OAuthStep, service: string, passing: boolean): string {
  if (passing) return `${service} cannot answer right now. Try again in a while.`
  switch (code) {
    case 'invalid_grant':
      return `${service} ${ENDED[step]}`
    case 'invalid_credential':
      return `${service} does not accept the OAuth client. Check its client ID and secret, and that it may use this kind of sign-in.`
    case 'insufficient_scope':
      return `${service} does not grant the permissions that were asked for. Add them to the OAuth client there, or allow fewer actions.`
    case 'access_denied':
      return `Access was not given at ${service}. Connect again and agree there, or ask its administrator.`
    case 'redirect_mismatch':
      return `${service} does not know our redirect address for this client. Register it there exactly as it is shown in the connection.`
    default:
      return `${service} refused the request. Check the OAuth client there, and that its settings fit; then connect again.`
  }
}

/**
 * The server's words without control characters, and without anything that was sent in confidence or is long enough to be
 * a token.
 */
function quotable(text: string | undefined, secrets: readonly string[]): string | undefined {
  if (text === undefined || secrets.some((secret) => text.includes(secret))) return undefined
  const words = text
    .replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, ' ')
    .replaceAll(/[^\s]{20,}/gu, '…')
    .trim()
    .slice(0, 240)
  return words === '' ? undefined : words
}
