import type { JsonObject } from '../kernel/json.ts'
import { type CredentialRow, userOf } from './credential-row.ts'
import type { Sealing } from './sealing.ts'

/** What may be shown of a secret: that it is there, and its last four characters where 12 more stay hidden. */
export interface FieldFacts {
  readonly set: true
  readonly last4?: string
}

/** What is known of a stored credential, without it. Times are milliseconds since the epoch. */
export interface CredentialFacts {
  readonly connection: string
  /** Absent for the shared one. */
  readonly user?: string
  readonly method: string
  readonly account?: string
  readonly scopes?: readonly string[]
  readonly captured: JsonObject
  readonly grantedAt: number
  readonly updatedAt: number
  readonly by?: string
  /** Of the access token. */
  readonly expiresAt?: number
  /** True when the access token comes anew by itself. */
  readonly refreshes: boolean
  readonly refreshExpiresAt?: number
  /** Why only a person can help; absent while it is good. */
  readonly dead?: { readonly at: number; readonly reason: string }
  readonly fields: Readonly<Record<string, FieldFacts>>
}

const SAFE_LENGTH = 16

/** The facts of a row; with `hints` its fields are opened for their last characters. */
export function factsOf(row: CredentialRow, hints?: Pick<Sealing, 'openFields'>): CredentialFacts {
  const { connection, method, account, scopes, captured, grantedAt, updatedAt, by, tokens, dead, client } = row
  const user = userOf(row.subject)
  return {
    connection,
    ...(user !== undefined && { user }),
    method,
    ...(account !== undefined && { account }),
    ...(scopes && { scopes }),
    captured,
    grantedAt,
    updatedAt,
    ...(by !== undefined && { by }),
    ...(tokens?.expiresAt !== undefined && { expiresAt: tokens.expiresAt }),
    refreshes: tokens?.refresh !== undefined || client === 'mints',
    ...(tokens?.refreshExpiresAt !== undefined && { refreshExpiresAt: tokens.refreshExpiresAt }),
    ...(dead && { dead }),
    fields: fieldFacts(row, hints),
  }
}

function fieldFacts(row: CredentialRow, hints: Pick<Sealing, 'openFields'> | undefined): CredentialFacts['fields'] {
  const opened = hints?.openFields(row) ?? {}
  return Object.fromEntries(
    Object.keys(row.fields).map((key) => {
      const text = opened[key]?.reveal() ?? ''
      return [key, { set: true, ...(text.length >= SAFE_LENGTH && { last4: text.slice(-4) }) }]
    }),
  )
}

/** When a person has to act at the latest: the refresh token's end, or that of an access token that nothing renews. */
export function endsAt({ expiresAt, refreshes, refreshExpiresAt }: CredentialFacts): number | undefined {
  if (refreshExpiresAt !== undefined) return refreshExpiresAt
  return refreshes ? undefined : expiresAt
}
