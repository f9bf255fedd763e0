import type { CustomFetchOptions } from 'oauth4webapi'
import { deadline } from '../../egress/deadline.ts'
import type { Egress } from '../../egress/egress.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { refusalError, unreachable, unusable, type OAuthStep } from './failure.ts'
import { serviceOf, type OAuthTarget } from './target.ts'
import { parseAnswer, refusalOf, toStandard } from './token-answer.ts'

/** Token answers are small; a few with many claims are not. */
const MOST_BYTES = 262_144
/** For a whole request. A person or a call waits for it. */
const TIMEOUT_MS = 20_000

export interface WireDeps {
  readonly egress: Pick<Egress, 'fetch'>
}

/** A request to an authorization server, whatever it is about. */
export interface OAuthRequest {
  readonly url: string
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
}

export interface OAuthReply {
  readonly status: number
  /** Undefined when it is neither JSON nor a form. */
  readonly answer: JsonObject | undefined
  readonly text: string
  readonly retryAfterMs?: number | undefined
}

/**
 * Sends one request in bounded time and reads the bounded answer. Rejects with `oauth_failed` (`data.retryable`) when there
 * is none, with `cancelled`, or with `egress_blocked`. Redirects are answers: credentials follow none.
 */
export async function send(
  deps: WireDeps,
  target: OAuthTarget,
  request: OAuthRequest,
  caller: AbortSignal,
  timeoutMs: number = TIMEOUT_MS,
): Promise<OAuthReply> {
  const { url, method, headers, body } = request
  const { host } = new URL(url)
  const fetch = deps.egress.fetch({ allowPrivateNetwork: target.allowPrivateNetwork, maxBytes: MOST_BYTES })
  const limit = deadline(caller, timeoutMs)
  try {
    const init = { method, headers, signal: limit.signal, redirect: 'manual' as const }
    const reply = await fetch(url, body === undefined ? init : { ...init, body })
    const text = await reply.text()
    return {
      status: reply.status,
      answer: parseAnswer(text, reply.headers.get('content-type') ?? ''),
      text,
      retryAfterMs: delayOf(reply.headers.get('retry-after')),
    }
  } catch (error) {
    throw toFailure(error, host, limit.reason())
  } finally {
    limit.dispose()
  }
}

/** A `fetch` for oauth4webapi that speaks the vendor's dialect and gives back what RFC 6749 §5.1 says; `answer` is the vendor's own. */
export function tokenFetch(deps: WireDeps, target: OAuthTarget, step: OAuthStep, caller: AbortSignal) {
  let answer: JsonObject = {}
  const { spec } = target
  const service = serviceOf(target)
  const fetch = async (url: string, options: CustomFetchOptions<string, URLSearchParams>): Promise<Response> => {
    const reply = await send(deps, target, toRequest(target, url, options), caller)
    const refusal = refusalOf(spec, reply.status, reply.answer)
    if (refusal)
      throw refusalError(step, service, {
        ...refusal,
        retryAfterMs: reply.retryAfterMs,
        secrets: secretsIn(target, options.body),
      })
    if (!reply.answer) throw unusable(service, 'it is not JSON')
    const standard = toStandard(spec, reply.answer)
    if ('problem' in standard) throw unusable(service, standard.problem)
    answer = reply.answer
    return Response.json(standard.tokens)
  }
  return { fetch, answer: () => answer }
}

const CONFIDENTIAL = ['code', 'code_verifier', 'refresh_token', 'client_secret']

const secretsIn = ({ client }: OAuthTarget, body: URLSearchParams): readonly string[] => [
  ...CONFIDENTIAL.flatMap((name) => body.getAll(name)),
  client.secret?.reveal() ?? '',
]

function toRequest(
  { spec }: OAuthTarget,
  url: string,
  { method, headers, body }: CustomFetchOptions<string, URLSearchParams>,
): OAuthRequest {
  const all = { ...headers, ...spec.tokenHeaders }
  if (spec.tokenBody !== 'json') return { url, method, headers: all, body: body.toString() }
  const json = JSON.stringify(Object.fromEntries(body))
  return { url, method, headers: { ...all, 'content-type': 'application/json' }, body: json }
}

function toFailure(error: unknown, host: string, ended: 'cancelled' | 'timeout' | undefined): GatewayError {
  if (ended === 'cancelled') return new GatewayError('cancelled', `The request to ${host} was cancelled.`)
  if (ended === 'timeout') return unreachable(host, error, 'did not answer in time')
  if (!(error instanceof GatewayError)) return unreachable(host, error)
  return error.code.startsWith('upstream_') ? unreachable(host, error) : error
}

/** RFC 9110 §10.2.3 in seconds; a date is not worth a clock here. */
const delayOf = (header: string | null): number | undefined =>
  header !== null && /^\d{1,6}$/.test(header) ? Number(header) * 1_000 : undefined
