import {
  allowInsecureRequests,
  authorizationCodeGrantRequest,
  clientCredentialsGrantRequest,
  customFetch,
  nopkce,
  processAuthorizationCodeResponse,
  processClientCredentialsResponse,
  processRefreshTokenResponse,
  refreshTokenGrantRequest,
} from 'oauth4webapi'
import type { TokenEndpointRequestOptions, TokenEndpointResponse } from 'oauth4webapi'
import type { Clock } from '../../kernel/clock.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Secret } from '../../kernel/secret.ts'
import type { TokenSet } from '../../kernel/token-set.ts'
import { authorizationUrl, type AuthorizationRequest } from './authorization-url.ts'
import { checkCallback } from './callback.ts'
import { capture, type CaptureSources } from './capture.ts'
import { unusable, type OAuthStep } from './failure.ts'
import { toTokenSet, type GrantContext } from './granted.ts'
import { revoke, type Revocation } from './revoke.ts'
import { scopeText } from './scopes.ts'
import { serviceOf, toClient, toClientAuth, toServer, type OAuthTarget } from './target.ts'
import { tokenFetch, type WireDeps } from './wire.ts'

export interface OAuthEngineDeps extends WireDeps {
  readonly clock: Clock
}

/** A code that came back, with what it was asked for with. */
export interface CodeExchange {
  readonly params: URLSearchParams
  readonly state: string
  readonly redirectUri: string
  /** Left out where the vendor has no PKCE. */
  readonly codeVerifier?: Secret | undefined
  readonly scopes: readonly string[]
}

/**
 * OAuth 2 as a client. Rejections are GatewayErrors: `invalid_grant` (a person must connect again), `invalid_credential`
 * (the client is wrong), `insufficient_scope`, `access_denied`, `redirect_mismatch`, `invalid_state`, `invalid_issuer`,
 * `oauth_failed` (`data.retryable` when trying again may help), `egress_blocked`, `cancelled`. No words hold a token.
 */
export interface OAuthEngine {
  authorizationUrl(target: OAuthTarget, request: AuthorizationRequest): URL
  /** Checks state and `iss`, then exchanges the code (RFC 6749 §4.1.3) and captures what the manifest names. */
  exchange(target: OAuthTarget, back: CodeExchange, signal: AbortSignal): Promise<TokenSet>
  /** A newer set; what the vendor does not repeat is kept. For `client_credentials` it asks anew. */
  refresh(target: OAuthTarget, current: TokenSet, signal: AbortSignal): Promise<TokenSet>
  clientCredentials(target: OAuthTarget, scopes: readonly string[], signal: AbortSignal): Promise<TokenSet>
  /** Best effort, at most 5 seconds; never rejects. */
  revoke(target: OAuthTarget, tokens: TokenSet, signal: AbortSignal): Promise<Revocation>
}

export function oauthEngine(deps: OAuthEngineDeps): OAuthEngine {
  const clientCredentials: OAuthEngine['clientCredentials'] = (target, scopes, signal) =>
    granting(deps, target, 'client_credentials', { asked: scopes, signal }, async (options) => {
      const server = toServer(target)
      const form = { ...withResource(target), ...scopeParameter(target, scopes) }
      const reply = await clientCredentialsGrantRequest(server, toClient(target), toClientAuth(target), form, options)
      return await processClientCredentialsResponse(server, toClient(target), reply)
    })
  return {
    authorizationUrl,
    exchange: (target, back, signal) => exchange(deps, target, back, signal),
    refresh: (target, current, signal) =>
      target.spec.grant === 'client_credentials'
        ? clientCredentials(target, current.scopes ?? target.spec.baseScopes ?? [], signal)
        : refresh(deps, target, current, signal),
    clientCredentials,
    revoke: (target, tokens, signal) => revoke(deps, target, tokens, signal),
  }
}

async function exchange(
  deps: OAuthEngineDeps,
  target: OAuthTarget,
  { params, state, redirectUri, codeVerifier, scopes }: CodeExchange,
  signal: AbortSignal,
): Promise<TokenSet> {
  const checked = checkCallback(target, params, state)
  return granting(deps, target, 'exchange', { asked: scopes, params, signal }, async (options) => {
    const [server, client] = [toServer(target), toClient(target)]
    const verifier = codeVerifier?.reveal() ?? nopkce
    const auth = toClientAuth(target)
    const reply = await authorizationCodeGrantRequest(server, client, auth, checked, redirectUri, verifier, {
      ...options,
      additionalParameters: withResource(target),
    })
    return await processAuthorizationCodeResponse(server, client, reply)
  })
}

async function refresh(
  deps: OAuthEngineDeps,
  target: OAuthTarget,
  current: TokenSet,
  signal: AbortSignal,
): Promise<TokenSet> {
  const token = current.refreshToken
  if (!token || target.spec.refresh === 'none') {
    const words = `${serviceOf(target)} gave no refresh token, and the access token has ended. Connect the account again.`
    throw new GatewayError('invalid_grant', words)
  }
  const context = { asked: current.scopes ?? [], previous: current, signal }
  return granting(deps, target, 'refresh', context, async (options) => {
    const [server, client] = [toServer(target), toClient(target)]
    const reply = await refreshTokenGrantRequest(server, client, toClientAuth(target), token.reveal(), {
      ...options,
      additionalParameters: withResource(target),
    })
    return await processRefreshTokenResponse(server, client, reply)
  })
}

interface Granting extends Omit<GrantContext, 'captured'> {
  readonly params?: URLSearchParams
  readonly signal: AbortSignal
}

/** Around every token request: the vendor's dialect, its refusals, what to capture, what it means. */
async function granting(
  deps: OAuthEngineDeps,
  target: OAuthTarget,
  step: OAuthStep,
  { params, signal, ...context }: Granting,
  request: (options: TokenEndpointRequestOptions) => Promise<TokenEndpointResponse>,
): Promise<TokenSet> {
  const wire = tokenFetch(deps, target, step, signal)
  // Which addresses may be http is for egress to say.
  const granted = await request({ [customFetch]: wire.fetch, [allowInsecureRequests]: true }).catch(
    (error: unknown) => {
      throw error instanceof GatewayError
        ? error
        : unusable(serviceOf(target), 'it is not what RFC 6749 asks for', error)
    },
  )
  const answer = wire.answer()
  const isNew = context.previous === undefined
  const sources: CaptureSources = {
    answer,
    ...(params && { params }),
    ...(isNew && { accessToken: granted.access_token }),
  }
  const captured = await capture(deps, target, sources, signal)
  return toTokenSet(target.spec, granted, answer, { ...context, captured }, deps.clock)
}

const withResource = ({ resource }: OAuthTarget): Record<string, string> => (resource === undefined ? {} : { resource })

function scopeParameter({ spec }: OAuthTarget, scopes: readonly string[]): Record<string, string> {
  const text = scopeText(spec, scopes)
  return text === undefined ? {} : { [spec.scopeParam ?? 'scope']: text }
}
