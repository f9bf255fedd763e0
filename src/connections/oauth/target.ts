import { ClientSecretPost, None, type AuthorizationServer, type Client, type ClientAuth } from 'oauth4webapi'
import { GatewayError } from '../../kernel/errors.ts'
import type { OAuthClient } from '../../kernel/token-set.ts'
import type { AuthMethod, OAuthSpec, Settings } from '../../provider-kit/provider.ts'
import { expandUrl } from '../../provider-kit/url-template.ts'

/** One authorization server as one connection uses it: how it differs from the RFCs, our client there, its settings. */
export interface OAuthTarget {
  readonly spec: OAuthSpec
  readonly client: OAuthClient
  /** Fill `{key}` in the addresses. */
  readonly settings: Settings
  /** Lets requests reach loopback and private addresses, over http too. */
  readonly allowPrivateNetwork: boolean
  /** The resource that tokens are for (RFC 8707), where the server wants to be told. */
  readonly resource?: string | undefined
}

/** The target of a connection's method; throws `invalid_request` when the method is no OAuth. */
export function oauthTarget(method: AuthMethod, rest: Omit<OAuthTarget, 'spec'>): OAuthTarget {
  if (method.oauth) return { spec: method.oauth, ...rest }
  throw new GatewayError(
    'invalid_request',
    `"${method.title}" is not OAuth: there is nothing to authorize. Fill in its fields instead.`,
  )
}

/** An address of the manifest, its `{key}` filled in from settings and the client's id; throws `invalid_input`. */
export function addressOf({ settings, client }: OAuthTarget, template: string): URL {
  if (!template.includes('{') && URL.canParse(template)) return new URL(template)
  return expandUrl(template, (key) => {
    if (key === 'client_id') return client.id
    const value = Object.hasOwn(settings, key) ? settings[key] : undefined
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined
  })
}

/** Where tokens are had, for messages. */
export const serviceOf = (target: OAuthTarget): string => addressOf(target, target.spec.tokenUrl).host

/** The target in the words of oauth4webapi. `issuer` is only compared with what comes back in a callback. */
export const toServer = (target: OAuthTarget, issuer = 'urn:none'): AuthorizationServer => ({
  issuer,
  token_endpoint: addressOf(target, target.spec.tokenUrl).href,
  authorization_response_iss_parameter_supported: target.spec.issuer !== undefined,
})

export const toClient = ({ client }: OAuthTarget): Client => ({ client_id: client.id })

/** How the client proves itself; throws `invalid_credential` when its secret is missing. */
export function toClientAuth({ spec, client }: OAuthTarget): ClientAuth {
  const { clientAuth = client.secret ? 'post' : 'none' } = spec
  if (clientAuth === 'none') return None()
  if (!client.secret) {
    throw new GatewayError('invalid_credential', 'The OAuth client has no secret, and the service wants one. Add it.')
  }
  const secret = client.secret.reveal()
  return clientAuth === 'post'
    ? ClientSecretPost(secret)
    : (_server, _client, _body, headers) => headers.set('authorization', basicOf(client.id, secret))
}

/**
 * RFC 6749 §2.3.1, with as few characters escaped as it allows: several services compare without decoding, and the
 * escaped `-` or `_` of a stricter encoder is a wrong secret there.
 */
export const basicOf = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${formEncoded(id)}:${formEncoded(secret)}`).toString('base64')}`

const formEncoded = (text: string): string => new URLSearchParams([['', text]]).toString().slice(1)
