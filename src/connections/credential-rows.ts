import { GatewayError } from '../kernel/errors.ts'
import type { Store, Versioned } from '../store/store.ts'
import { credentialCollection, credentialId, type CredentialRow } from './credential-row.ts'

export type StoredCredential = Versioned<CredentialRow>

/** The rows of one organisation. There is no way to a credential but its connection and subject. */
export interface CredentialRows {
  get(connection: string, subject: string): Promise<StoredCredential | undefined>
  of(connection: string): Promise<readonly StoredCredential[]>
  all(): Promise<readonly StoredCredential[]>
  /** Rejects with `version_conflict` when `ifVersion` is given and another one is stored. */
  put(row: CredentialRow, ifVersion?: number): Promise<StoredCredential>
  remove(connection: string, subject: string): Promise<boolean>
}

export function credentialRows(store: Store, organisation: string): CredentialRows {
  const idOf = (connection: string, subject: string): string => credentialId(organisation, connection, subject)
  const all = async (): Promise<readonly StoredCredential[]> =>
    (await store.list(credentialCollection)).filter(({ value }) => value.organisation === organisation)
  return {
    async get(connection, subject) {
      const row = await store.get(credentialCollection, idOf(connection, subject))
      if (row && !isAt(row.value, organisation, connection, subject)) throw misplaced(connection)
      return row
    },
    of: async (connection) => (await all()).filter(({ value }) => value.connection === connection),
    all,
    put: (row, ifVersion) =>
      store.put(
        credentialCollection,
        idOf(row.connection, row.subject),
        row,
        ifVersion === undefined ? {} : { ifVersion },
      ),
    remove: (connection, subject) => store.delete(credentialCollection, idOf(connection, subject)),
  }
}

const isAt = (row: CredentialRow, organisation: string, connection: string, subject: string): boolean =>
  row.organisation === organisation && row.connection === connection && row.subject === subject

const misplaced = (connection: string): GatewayError =>
  new GatewayError(
    'store_unavailable',
    `A stored credential of ${connection} stands at the wrong place. Restore a backup, or connect ${connection} again.`,
  )
