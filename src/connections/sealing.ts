import type { Secret } from '../kernel/secret.ts'
import type { TokenSet } from '../kernel/token-set.ts'
import type { SealedSecret } from '../vault/sealed-secret.ts'
import type { Vault } from '../vault/vault.ts'
import type { CredentialRow, TokenRow } from './credential-row.ts'
import { bindingOf } from './credential-sealed.ts'

type Place = Pick<CredentialRow, 'organisation' | 'connection' | 'subject'>
type Fields = Readonly<Record<string, Secret>>

/** Seals and opens the secrets of a row, each bound to organisation, connection, owner and field. */
export interface Sealing {
  fields(place: Place, fields: Fields): Readonly<Record<string, SealedSecret>>
  tokens(place: Place, tokens: TokenSet, now: number): TokenRow
  /** Throws GatewayError `vault_failed` when one does not open. */
  openFields(row: CredentialRow): Fields
  /** Undefined when the row has no tokens. Throws like `openFields`. */
  openTokens(row: CredentialRow): TokenSet | undefined
}

export function sealing(vault: Pick<Vault, 'seal' | 'open'>): Sealing {
  return {
    fields: (place, fields) =>
      Object.fromEntries(
        Object.entries(fields).map(([key, secret]) => [key, vault.seal(secret, bindingOf(place, `field:${key}`))]),
      ),
    tokens: (place, { accessToken, refreshToken, expiresAt, refreshExpiresAt }, now) => ({
      access: vault.seal(accessToken, bindingOf(place, 'access_token')),
      ...(refreshToken && { refresh: vault.seal(refreshToken, bindingOf(place, 'refresh_token')) }),
      ...(expiresAt !== undefined && { expiresAt, lifetimeMs: Math.max(0, expiresAt - now) }),
      ...(refreshExpiresAt !== undefined && { refreshExpiresAt }),
    }),
    openFields: (row) =>
      Object.fromEntries(
        Object.entries(row.fields).map(([key, box]) => [key, vault.open(box, bindingOf(row, `field:${key}`))]),
      ),
    openTokens(row) {
      const { tokens, scopes, captured } = row
      if (!tokens) return undefined
      const { access, refresh, expiresAt, refreshExpiresAt } = tokens
      return {
        accessToken: vault.open(access, bindingOf(row, 'access_token')),
        refreshToken: refresh && vault.open(refresh, bindingOf(row, 'refresh_token')),
        expiresAt,
        refreshExpiresAt,
        scopes,
        captured,
      }
    },
  }
}
