import type { JsonObject } from './json.ts'
import type { Secret } from './secret.ts'

/** What a token endpoint granted. Times are milliseconds since the epoch. */
export interface TokenSet {
  readonly accessToken: Secret
  /** Absent when the vendor gave none: then the one before stays good (RFC 6749 §6), or there is no refresh. */
  readonly refreshToken?: Secret | undefined
  /** Undefined when the token does not expire. */
  readonly expiresAt?: number | undefined
  /** When the refresh token itself ends, where the vendor says so. */
  readonly refreshExpiresAt?: number | undefined
  /** Undefined when the vendor did not say; then what was asked for was granted (RFC 6749 §5.1). */
  readonly scopes?: readonly string[] | undefined
  /** What the manifest's `capture` names, such as `cloudId`. */
  readonly captured: JsonObject
}

/**
 * Gets a new token set for a stored one. Rejects with GatewayError `invalid_grant` when only a person can help, and with
 * `oauth_failed` or an `upstream_*` code when trying again may.
 */
export type Refresh = (current: TokenSet, signal: AbortSignal) => Promise<TokenSet>

/** The client that an admin registered with a vendor. */
export interface OAuthClient {
  readonly id: string
  /** Absent for a public client. */
  readonly secret?: Secret | undefined
}
