import type { SealedSecret } from '../vault/sealed-secret.ts'
import type { Binding } from '../vault/vault.ts'
import { credentialCollection, type CredentialRow, userOf } from './credential-row.ts'
import { type SealedPlace, type SealedRows, type SealedRowsOptions, sealedRows } from './sealed/sealed-rows.ts'

/** The stored credentials as rows to be sealed anew under another key. */
export const sealedCredentials = (deps: Pick<SealedRowsOptions<CredentialRow>, 'store' | 'vault'>): SealedRows =>
  sealedRows({ ...deps, collection: credentialCollection, places, replaced })

function places(row: CredentialRow): readonly SealedPlace[] {
  const { tokens } = row
  return [
    ...Object.entries(row.fields).map(([key, sealed]) => ({ sealed, binding: bindingOf(row, `field:${key}`) })),
    ...(tokens ? [{ sealed: tokens.access, binding: bindingOf(row, 'access_token') }] : []),
    ...(tokens?.refresh ? [{ sealed: tokens.refresh, binding: bindingOf(row, 'refresh_token') }] : []),
  ]
}

function replaced(row: CredentialRow, sealed: readonly SealedSecret[]): CredentialRow {
  const keys = Object.keys(row.fields)
  const fields = Object.fromEntries(keys.map((key, index) => [key, sealed[index] ?? row.fields[key]]))
  const [access, refresh] = sealed.slice(keys.length)
  const tokens = row.tokens && access && { ...row.tokens, access, ...(refresh && { refresh }) }
  return { ...row, fields: present(fields), ...(tokens && { tokens }) }
}

const present = <T>(record: Readonly<Record<string, T | undefined>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])))

/** What a secret of a row is bound to. */
export const bindingOf = (
  { organisation, connection, subject }: Pick<CredentialRow, 'organisation' | 'connection' | 'subject'>,
  field: string,
): Binding => ({ organisation, connection, owner: userOf(subject) ?? '', field })
