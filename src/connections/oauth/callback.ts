import { AuthorizationResponseError, validateAuthResponse } from 'oauth4webapi'
import { GatewayError } from '../../kernel/errors.ts'
import { refusalError } from './failure.ts'
import { addressOf, serviceOf, toClient, toServer, type OAuthTarget } from './target.ts'

/** The parameters that are read, each at most this long. Characters. */
const MOST_CHARACTERS = 8_192

/**
 * The callback's parameters, checked: state, `iss` (RFC 9207) and the answer itself. Throws `invalid_state`,
 * `invalid_issuer`, what the service refused with, or `oauth_failed`.
 */
export function checkCallback(target: OAuthTarget, params: URLSearchParams, state: string): URLSearchParams {
  if ([...params.values()].some((value) => value.length > MOST_CHARACTERS)) {
    throw new GatewayError('oauth_failed', 'The answer of the service is far too long. Connect again.')
  }
  const issuer = expectedIssuer(target, params.get('iss'))
  try {
    return validateAuthResponse(toServer(target, issuer), toClient(target), params, state)
  } catch (error) {
    throw toCallbackError(target, params, { state, issuer }, error)
  }
}

/** Where the manifest names no issuer, one on the origin that the person was sent to is the right one. */
function expectedIssuer(target: OAuthTarget, iss: string | null): string {
  if (target.spec.issuer !== undefined) return target.spec.issuer
  const { origin } = addressOf(target, target.spec.authorizeUrl ?? target.spec.tokenUrl)
  return iss !== null && URL.canParse(iss) && new URL(iss).origin === origin ? iss : origin
}

function toCallbackError(
  target: OAuthTarget,
  params: URLSearchParams,
  expected: { readonly state: string; readonly issuer: string },
  error: unknown,
): GatewayError {
  const service = serviceOf(target)
  if (error instanceof AuthorizationResponseError) {
    const { error: word, error_description: description } = error
    return refusalError('authorize', service, { error: word, description, secrets: [expected.state] })
  }
  const iss = params.getAll('iss')
  const demanded = target.spec.issuer !== undefined
  if (iss.length > 1 || (iss.length === 0 ? demanded : iss[0] !== expected.issuer)) {
    const what = iss.length === 0 ? 'does not say who sent it' : 'was sent by another issuer'
    const words = `The answer ${what}, and it should come from ${expected.issuer}. It was not used. Connect again; if this stays, the service may be set up wrongly.`
    return new GatewayError('invalid_issuer', words)
  }
  if (params.getAll('state').length !== 1 || params.get('state') !== expected.state) {
    return new GatewayError('invalid_state', 'The answer belongs to another attempt. Connect again.')
  }
  return new GatewayError('oauth_failed', `${service} sent you back with an answer that cannot be used. Connect again.`)
}
