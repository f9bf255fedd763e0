import { GatewayError } from '../../kernel/errors.ts'
import type { Collection, Store, Versioned } from '../../store/store.ts'
import type { SealedSecret } from '../../vault/sealed-secret.ts'
import type { Binding, Vault } from '../../vault/vault.ts'

/** The rows of one kind that hold sealed values, for rotation. */
export interface SealedRows {
  readonly name: string
  /** How many sealed values each key holds. */
  counts(): Promise<ReadonlyMap<string, number>>
  /** Seals under the active key what is not yet; yields the number of rows after each batch. Safe to break off and repeat. */
  rewrap(signal: AbortSignal): AsyncIterable<number>
}

export interface SealedPlace {
  readonly sealed: SealedSecret
  readonly binding: Binding
}

export interface SealedRowsOptions<T> {
  readonly store: Store
  readonly vault: Vault
  readonly collection: Collection<T>
  /** Every sealed value of a row with what it is bound to. */
  places(row: T, id: string): readonly SealedPlace[]
  /** The row with its sealed values replaced, in the order of `places`. */
  replaced(row: T, sealed: readonly SealedSecret[]): T
}

/** Rows between two looks at the signal; writes of one batch share a flush. */
const BATCH = 100

/** The sealed values of one collection. A row that somebody changes meanwhile is read again: their change is kept. */
export function sealedRows<T>(options: SealedRowsOptions<T>): SealedRows {
  const { store, collection } = options
  return {
    name: collection.name,
    async counts() {
      const counts = new Map<string, number>()
      for (const { id, value } of await store.list(collection)) {
        for (const { sealed } of options.places(value, id)) counts.set(sealed.kid, (counts.get(sealed.kid) ?? 0) + 1)
      }
      return counts
    },
    async *rewrap(signal) {
      const rows = await store.list(collection)
      for (let at = 0; at < rows.length; at += BATCH) {
        if (signal.aborted) throw new GatewayError('cancelled', 'Sealing anew was stopped. What is done stays done.')
        const done = await Promise.all(rows.slice(at, at + BATCH).map((row) => rewrapRow(options, row)))
        yield done.filter(Boolean).length
      }
    },
  }
}

async function rewrapRow<T>(options: SealedRowsOptions<T>, { id, version, value }: Versioned<T>): Promise<boolean> {
  const { store, vault, collection } = options
  const places = options.places(value, id)
  const sealed = places.map((place) => vault.rewrap(place.sealed, place.binding))
  if (sealed.every((one) => one === undefined)) return false
  const next = options.replaced(
    value,
    places.map((place, index) => sealed[index] ?? place.sealed),
  )
  try {
    await store.put(collection, id, next, { ifVersion: version })
    return true
  } catch (error) {
    if (!(error instanceof GatewayError) || error.code !== 'version_conflict') throw error
    const fresh = await store.get(collection, id)
    return fresh ? rewrapRow(options, fresh) : false
  }
}
