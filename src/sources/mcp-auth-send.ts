import type { Egress, PostReply, PostRequest } from '../egress/egress.ts'
import type { Credentials, Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import { joinScopes, type McpChallenge, toChallenge, toFacts } from './mcp-auth-challenge.ts'
import { toAuthHeaders } from './mcp-auth-method.ts'

/** One answer of the server, as far as its verdict on the credential goes. */
interface Verdict {
  readonly status: number
  /** The `WWW-Authenticate` header. */
  readonly challenge: string | null | undefined
}

const NO_SIGNAL = new AbortController().signal

/**
 * A `fetch` that carries the credential: leased for each request, renewed and sent once more after a 401. A credential that is
 * refused again is reported, and the request rejects with `connection_unusable` (`data.reauth`); one that may not do this
 * rejects with `insufficient_scope` (`data.scopes`: what has to be asked for). Bodies must be text.
 */
export function authorizedFetch(send: typeof fetch, credentials: Credentials): typeof fetch {
  return (input, init = {}) =>
    withCredential(
      credentials,
      init.signal ?? NO_SIGNAL,
      (lease) => send(input, { ...init, headers: joined(init.headers, lease) }),
      verdictOf,
      async ({ body }) => body?.cancel(),
    )
}

/** `Egress.post` with the credential; see `authorizedFetch`. */
export function authorizedPost(send: Egress['post'], credentials: Credentials): Egress['post'] {
  return (request: PostRequest) =>
    withCredential(
      credentials,
      request.ending.signal(),
      (lease) => send({ ...request, headers: replaced(request.headers, toAuthHeaders(lease)) }),
      ({ status, headers: { 'www-authenticate': challenge } }: PostReply) => ({
        status,
        challenge: Array.isArray(challenge) ? challenge.join(', ') : challenge,
      }),
      () => Promise.resolve(),
    )
}

/** Names and values in turns, with these in the place of those of the same name. */
function replaced(headers: readonly string[], by: Readonly<Record<string, string>>): string[] {
  const lowered = Object.entries(by).map(([name, value]): [string, string] => [name.toLowerCase(), value])
  const names = new Set(lowered.map(([name]) => name))
  const kept = headers.filter((_, index) => !names.has(headers[index - (index % 2)] ?? ''))
  return [...kept, ...lowered.flat()]
}

const verdictOf = ({ status, headers }: Response): Verdict => ({ status, challenge: headers.get('www-authenticate') })

function joined(headers: RequestInit['headers'], lease: Lease): Headers {
  const all = new Headers(headers)
  for (const [name, value] of Object.entries(toAuthHeaders(lease))) all.set(name, value)
  return all
}

async function withCredential<Reply>(
  credentials: Credentials,
  signal: AbortSignal,
  send: (lease: Lease) => Promise<Reply>,
  verdictOn: (reply: Reply) => Verdict,
  discard: (reply: Reply) => Promise<void>,
): Promise<Reply> {
  const lease = await credentials.lease(signal)
  const reply = await send(lease)
  const { status, challenge } = verdictOn(reply)
  if (status !== 401) return await checked(reply, lease, { status, challenge }, discard)
  await discard(reply)
  const fresh = await credentials.renew(lease, signal)
  if (!fresh) throw await refused(credentials, lease, toChallenge(challenge))
  const second = await send(fresh)
  const verdict = verdictOn(second)
  if (verdict.status !== 401) return await checked(second, fresh, verdict, discard)
  await discard(second)
  throw await refused(credentials, fresh, toChallenge(verdict.challenge))
}

/** A 403 of another kind is the server's own word on the call, and is handed on. */
async function checked<Reply>(
  reply: Reply,
  lease: Lease,
  { status, challenge: header }: Verdict,
  discard: (reply: Reply) => Promise<void>,
): Promise<Reply> {
  const challenge = toChallenge(header)
  if (status !== 403 || challenge.error !== 'insufficient_scope') return reply
  await discard(reply)
  throw tooNarrow(lease, challenge)
}

async function refused(credentials: Credentials, lease: Lease, challenge: McpChallenge): Promise<GatewayError> {
  await credentials.report(lease, 'The server refused the credential (HTTP 401).')
  return new GatewayError(
    'connection_unusable',
    'The server refused the credential (HTTP 401). Connect the server again.',
    { data: { ...toFacts(challenge), reauth: true } },
  )
}

/** What was granted is asked for again together with what is missing: a new grant replaces the old one. */
function tooNarrow({ scopes: granted }: Lease, challenge: McpChallenge): GatewayError {
  const missing = challenge.scopes ?? []
  const named = missing.length > 0 ? `: it needs ${missing.join(', ')}` : ''
  return new GatewayError(
    'insufficient_scope',
    `The server wants more than the credential may do${named}. Connect the server again and agree to it.`,
    { data: { ...toFacts(challenge), scopes: joinScopes(granted, missing), missing } },
  )
}
