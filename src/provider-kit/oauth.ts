import type { AuthMethod, CredentialField, Injection, OAuthSpec } from './provider.ts'

/** What a manifest says of an OAuth method; everything left out is as the RFCs say. */
export interface OAuthOptions extends Omit<OAuthSpec, 'grant'> {
  readonly id?: string
  readonly title?: string
  /** Instead of `authorization: Bearer {access_token}`; captured values can be used too. */
  readonly inject?: readonly Injection[]
  /** Instead of the provider's base URL, where tokens of this kind are used at another address. */
  readonly baseUrl?: string
  /** True where the vendor takes clients with and without a secret (RFC 6749 §2.1). */
  readonly secretOptional?: boolean
}

const BEARER: Injection = { in: 'header', name: 'authorization', value: 'Bearer {access_token}' }

/**
 * OAuth 2 with an authorization code (RFC 6749 §4.1) and PKCE (RFC 7636). The fields are those of the client that the
 * admin registered: `client_id` and `client_secret`, the latter not where `clientAuth` is `none`.
 */
export function oauth2(options: OAuthOptions & { readonly authorizeUrl: string }): AuthMethod {
  const { id = 'oauth', title = 'OAuth', ...rest } = options
  return toMethod(id, title, 'authorization_code', rest)
}

/** OAuth 2 where the client acts for itself (RFC 6749 §4.4), from the fields `client_id` and `client_secret`. */
export function clientCredentials(options: Omit<OAuthOptions, 'authorizeUrl' | 'issuer' | 'pkce'>): AuthMethod {
  const { id = 'client', title = 'Client credentials', ...rest } = options
  return toMethod(id, title, 'client_credentials', rest)
}

function toMethod(
  id: string,
  title: string,
  grant: OAuthSpec['grant'],
  { inject = [BEARER], secretOptional = false, baseUrl, ...spec }: Omit<OAuthOptions, 'id' | 'title'>,
): AuthMethod {
  const fields = spec.clientAuth === 'none' ? [CLIENT_ID] : [CLIENT_ID, secretOf(secretOptional)]
  return {
    kind: 'oauth2',
    id,
    title,
    fields,
    inject,
    oauth: { grant, ...spec },
    ...(baseUrl === undefined ? {} : { baseUrl }),
  }
}

/** RFC 6749 Appendix A.1 and A.2: visible ASCII. */
const VISIBLE = '^[\\x20-\\x7e]{1,1000}$'

const CLIENT_ID: CredentialField = { key: 'client_id', label: 'Client ID', secret: false, pattern: VISIBLE }

const secretOf = (optional: boolean): CredentialField => ({
  key: 'client_secret',
  label: 'Client secret',
  secret: true,
  pattern: VISIBLE,
  ...(optional ? { optional } : {}),
})
