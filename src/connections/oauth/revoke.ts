import { toGatewayError } from '../../kernel/errors.ts'
import type { ErrorCode } from '../../kernel/problem.ts'
import type { TokenSet } from '../../kernel/token-set.ts'
import { refusalError } from './failure.ts'
import { addressOf, basicOf, toClient, toClientAuth, toServer, type OAuthTarget } from './target.ts'
import { refusalOf } from './token-answer.ts'
import { send, type OAuthRequest, type WireDeps } from './wire.ts'

/** A person waits for it, and what it is about is gone here already. */
const TIMEOUT_MS = 5_000

/** How it went at the vendor. `unsupported`: the vendor has no such door. For audit; holds no secret. */
export type Revocation =
  | { readonly outcome: 'revoked' | 'unsupported' }
  | { readonly outcome: 'failed'; readonly code: ErrorCode; readonly message: string }

/** Ends the grant at the vendor (RFC 7009), at most 5 seconds long. Never rejects: whatever it says, the grant is dead here. */
export async function revoke(
  deps: WireDeps,
  target: OAuthTarget,
  tokens: TokenSet,
  signal: AbortSignal,
): Promise<Revocation> {
  if (!target.spec.revoke) return { outcome: 'unsupported' }
  try {
    const request = await toRequest(target, target.spec.revoke, tokens)
    const reply = await send(deps, target, request, signal, TIMEOUT_MS)
    const refusal = refusalOf(target.spec, reply.status, reply.answer ?? {})
    if (!refusal) return { outcome: 'revoked' }
    const secrets = [tokens.accessToken, tokens.refreshToken, target.client.secret].map((one) => one?.reveal() ?? '')
    const { code, message } = refusalError('revoke', new URL(request.url).host, { ...refusal, secrets })
    // What the vendor no longer knows is as good as revoked.
    return code === 'invalid_grant' ? { outcome: 'revoked' } : { outcome: 'failed', code, message }
  } catch (error) {
    const { code, message } = toGatewayError(error)
    return { outcome: 'failed', code, message }
  }
}

type RevokeSpec = NonNullable<OAuthTarget['spec']['revoke']>

async function toRequest(target: OAuthTarget, how: RevokeSpec, tokens: TokenSet): Promise<OAuthRequest> {
  const { method = 'POST', auth = 'client', body = 'form', param = 'token' } = how
  const named = how.token ?? (tokens.refreshToken ? 'refresh_token' : 'access_token')
  const token = (named === 'refresh_token' ? tokens.refreshToken : undefined) ?? tokens.accessToken
  const url = addressOf(target, how.url)
  const headers = new Headers({ accept: 'application/json' })
  const form = new URLSearchParams(body === 'none' ? [] : [[param, token.reveal()]])
  if (auth === 'bearer') headers.set('authorization', `Bearer ${tokens.accessToken.reveal()}`)
  if (auth === 'client') await proveClient(target, body, form, headers)
  if (body === 'none') return { url: url.href, method, headers: Object.fromEntries(headers) }
  headers.set('content-type', body === 'form' ? 'application/x-www-form-urlencoded' : 'application/json')
  const text = body === 'form' ? form.toString() : JSON.stringify(Object.fromEntries(form))
  return { url: url.href, method, headers: Object.fromEntries(headers), body: text }
}

/** As at the token endpoint when there is a form to put it into, else RFC 6749 §2.3.1. */
async function proveClient(
  target: OAuthTarget,
  body: RevokeSpec['body'],
  form: URLSearchParams,
  headers: Headers,
): Promise<void> {
  const { client } = target
  if (body !== 'form' && client.secret) headers.set('authorization', basicOf(client.id, client.secret.reveal()))
  else await toClientAuth(target)(toServer(target), toClient(target), form, headers)
}
