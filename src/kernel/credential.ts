import type { JsonObject } from './json.ts'
import type { Secret } from './secret.ts'

/** A credential handed out for one call. Whoever holds one sends it and forgets it; it is never stored again. */
export interface Lease {
  /** Id of the auth method that it was made with. */
  readonly method: string
  /** The method's fields by key, such as `token`, or `access_token` of an OAuth grant. */
  readonly fields: Readonly<Record<string, Secret>>
  /** What was learned when the account was connected, such as `cloudId`; not secret. */
  readonly captured: JsonObject
  /** The granted scopes; undefined when the vendor did not say. */
  readonly scopes?: readonly string[] | undefined
  /** Differs for every credential that was ever stored for the connection. */
  readonly generation: string
}

/**
 * The credential of one connection and one subject; there is no other way to one. `lease` and `renew` reject with
 * GatewayError `connect_required` (`data.url` is the link), `connection_unusable` (`data.reauth` when a person must
 * connect again) or `token_revoked`.
 */
export interface Credentials {
  /** A lease that is good for a while: one that is about to expire is refreshed first, once for all who wait. */
  lease(signal: AbortSignal): Promise<Lease>
  /** The other end refused `refused`: a newer one, after at most one refresh for all who ask; undefined when there is none. */
  renew(refused: Lease, signal: AbortSignal): Promise<Lease | undefined>
  /** The newest lease was refused too: the connection needs a person. */
  report(refused: Lease, reason: string): Promise<void>
}

/** Whose credential: the person's id, or `shared` for the one that everybody uses. */
export type Subject = { readonly user: string } | 'shared'

/** Looks up by (organisation, subject, connection) and nothing else; the organisation and connection are fixed already. */
export type CredentialsOf = (subject: Subject) => Credentials

/** Whether a connection has one credential, or every person brings their own. */
export type CredentialOwnership = 'shared' | 'per_user'
