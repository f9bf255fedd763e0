import type { Egress } from '../egress/egress.ts'
import type { Clock } from '../kernel/clock.ts'
import type { CredentialOwnership, CredentialsOf } from '../kernel/credential.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Provider } from '../provider-kit/index.ts'

/** All that makes a provider and a credential into a connection. */
export interface ProviderConnection {
  readonly connection: string
  readonly provider: Provider
  /** The id of the auth method that the connection is meant for; a lease says which one it was made with. */
  readonly method: string
  readonly credentials: CredentialsOf
  readonly ownership: CredentialOwnership
  readonly settings?: JsonObject
  /** Instead of the manifest's; may hold the same `{placeholders}`. */
  readonly baseUrl?: string
  readonly allowPrivateNetwork: boolean
  readonly egress: Egress
  readonly clock: Clock
  /** Of the gateway, for `User-Agent`. */
  readonly version: string
  /** Of one request to the vendor, in milliseconds; 30 s. */
  readonly timeoutMs?: number
  /** Of one answer, in bytes; 10 MB. */
  readonly maxBytes?: number
}
