import {
  InsecureTokenEndpointError,
  IssuerMismatchError,
  OAuthError,
  RegistrationRejectedError,
} from '@modelcontextprotocol/client'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ErrorCode } from '../kernel/problem.ts'
import type { McpDeps } from './mcp-spec.ts'
import { deadline, type Schedule } from './schedule.ts'

/** What signing in at the authorization server of an MCP server is done with. */
export interface McpAuthDeps {
  readonly clock: Clock
  readonly schedule: Schedule
  /** egress: every discovered address passes its guard. */
  readonly fetch: McpDeps['fetch']
  /** Of the MCP server: one in a private network has its authorization server there too. */
  readonly allowPrivateNetwork: boolean
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>

const LIMIT_MS = 30_000
const MAX_BYTES = 1_000_000

/**
 * Does some work with authorization servers within 30 s and 1 MB an answer. Rejects with a GatewayError: `invalid_grant`,
 * `access_denied`, `invalid_issuer`, `oauth_failed`, `upstream_invalid`, or what egress rejects with.
 */
export async function atServer<T>(
  deps: McpAuthDeps,
  signal: AbortSignal,
  work: (fetch: Fetch) => Promise<T>,
): Promise<T> {
  const limit = deadline(signal, LIMIT_MS, deps.schedule)
  const send = deps.fetch({ allowPrivateNetwork: deps.allowPrivateNetwork, maxBytes: MAX_BYTES })
  try {
    return await work(async (url, init) => toWhole(await send(url, { ...init, signal: limit.signal })))
  } catch (error) {
    if (signal.aborted) throw new GatewayError('cancelled', 'Signing in was given up.', { cause: error })
    if (limit.expired()) throw failed('upstream_timeout', `did not answer within ${LIMIT_MS} ms`, error)
    throw toAuthFailure(error)
  } finally {
    limit.release()
  }
}

/** The answer in the platform's own class, read to its end: the SDK does not take that of another library for one. */
async function toWhole(reply: Response): Promise<Response> {
  const body = await reply.arrayBuffer()
  const { status, headers } = reply
  return new Response(body.byteLength === 0 ? null : body, { status, headers: [...headers] })
}

/** What only a person can repair (RFC 6749 §4.1.2.1, §5.2), by the server's word. */
const CODES: Readonly<Record<string, readonly [ErrorCode, string]>> = {
  invalid_grant: ['invalid_grant', 'no longer accepts the grant. Connect the server again'],
  access_denied: ['access_denied', 'says that the person or the service said no'],
  invalid_client: ['oauth_failed', 'does not know the gateway any more (invalid_client). Connect the server again'],
  invalid_scope: ['oauth_failed', 'does not give what was asked for (invalid_scope)'],
  invalid_target: ['oauth_failed', 'does not give tokens for this server (invalid_target)'],
}

/** A refusal by the word that the authorization server gave; its description is a stranger's text and is left out. */
export function refusedWith(word: string, cause?: unknown): GatewayError {
  const known = Object.hasOwn(CODES, word) ? CODES[word] : undefined
  const [code, what] = known ?? [
    'oauth_failed',
    `refused (${/^[\w.-]{1,64}$/.test(word) ? word : 'for no known reason'})`,
  ]
  return new GatewayError(code, `The authorization server ${what}.`, { cause, data: { error: word.slice(0, 64) } })
}

function toAuthFailure(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  if (error instanceof OAuthError) return refusedWith(error.code, error)
  if (error instanceof IssuerMismatchError) return foreignIssuer(error)
  if (error instanceof InsecureTokenEndpointError) return failed('oauth_failed', 'takes tokens without https', error)
  if (error instanceof RegistrationRejectedError)
    return failed(
      'oauth_failed',
      'refused to register the gateway. Register it there by hand and enter the client',
      error,
    )
  if (error instanceof SyntaxError || (error instanceof Error && error.name === 'ZodError'))
    return failed('upstream_invalid', 'sent an answer that is not OAuth', error)
  return failed('oauth_failed', 'failed, or does not do what MCP needs', error)
}

const failed = (code: ErrorCode, what: string, cause: unknown): GatewayError =>
  new GatewayError(code, `The authorization server ${what}.`, { cause })

/** Something was said in another issuer's name (RFC 8414 §3.3, RFC 9207 §2.4). */
export const foreignIssuer = (cause?: unknown): GatewayError =>
  new GatewayError(
    'invalid_issuer',
    'The authorization server answers in the name of another issuer than the one that was asked. Nothing was sent to it.',
    { cause },
  )
