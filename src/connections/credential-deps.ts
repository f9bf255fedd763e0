import type { Clock, NewId } from '../kernel/clock.ts'
import type { GatewayError } from '../kernel/errors.ts'
import type { Secret } from '../kernel/secret.ts'
import type { Refresh, TokenSet } from '../kernel/token-set.ts'
import type { Store } from '../store/store.ts'
import type { Vault } from '../vault/vault.ts'
import type { ConnectionDefinition } from './definition.ts'

/** How tokens of one connection come anew and end. */
export interface TokenSource {
  /** Absent where the vendor gives no refresh tokens. */
  readonly refresh?: Refresh | undefined
  /** Gets tokens from the client's own credential (RFC 6749 §4.4); absent where a person has to consent. */
  readonly mint?: ((signal: AbortSignal) => Promise<TokenSet>) | undefined
  /** Ends the grant at the vendor (RFC 7009); absent where the vendor has no way to. */
  readonly revoke?: ((tokens: TokenSet, signal: AbortSignal) => Promise<void>) | undefined
}

export interface CredentialDeps {
  readonly organisation: string
  readonly store: Store
  readonly vault: Pick<Vault, 'seal' | 'open'>
  readonly clock: Clock
  readonly newId: NewId
  /** A signal that aborts after so many milliseconds. */
  readonly timeout: (ms: number) => AbortSignal
  /** What a connection is now; undefined when there is none of that name. */
  definitionOf(connection: string): ConnectionDefinition | undefined
  /** `fields` are what was entered, such as the client's id and secret. Undefined for methods without tokens. */
  tokenSource(connection: ConnectionDefinition, fields: Readonly<Record<string, Secret>>): TokenSource | undefined
  /** Where a person connects an own account. */
  connectLink(of: { readonly connection: string; readonly user: string }): Promise<string>
  /**
   * A shared credential is in trouble: with `data.reauth` it needs a person, else a refresh failed in a way that may pass.
   * Never called for people's own credentials: they are nobody else's trouble.
   */
  onTrouble(connection: string, error: GatewayError): void
  /** Access tokens are refreshed so long before they expire, milliseconds; five minutes when left out. */
  readonly aheadMs?: number
}
