import { GatewayError } from '../../kernel/errors.ts'
import { scopeText } from './scopes.ts'
import { addressOf, type OAuthTarget } from './target.ts'

export interface AuthorizationRequest {
  readonly scopes: readonly string[]
  readonly redirectUri: string
  readonly state: string
  /** S256 of the verifier (RFC 7636 §4.2); left out where the vendor breaks on it. */
  readonly codeChallenge?: string | undefined
}

/** Where a person agrees (RFC 6749 §4.1.1). Throws `config_invalid` for an address that is no page of a service. */
export function authorizationUrl(target: OAuthTarget, request: AuthorizationRequest): URL {
  const { spec, client, resource } = target
  const url = addressOf(target, spec.authorizeUrl ?? '')
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && target.allowPrivateNetwork)) {
    throw new GatewayError('config_invalid', `People are not sent to ${url.origin}: it does not use https.`)
  }
  const parameters: Record<string, string | undefined> = {
    ...spec.authorizeParams,
    [spec.scopeParam ?? 'scope']: scopeText(spec, request.scopes),
    response_type: 'code',
    client_id: client.id,
    redirect_uri: request.redirectUri,
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: request.codeChallenge === undefined ? undefined : 'S256',
    resource,
  }
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) url.searchParams.set(name, value)
  }
  return url
}
