import type { Store } from '../../store/store.ts'
import type { Vault } from '../../vault/vault.ts'
import { type SealedRows, sealedRows } from '../sealed/sealed-rows.ts'
import { bindingOf } from './flow-deps.ts'
import { flowCollection } from './flow-row.ts'

/** The verifiers of attempts that are under way, as rows to be sealed anew under another key. */
export const sealedFlows = (deps: {
  readonly store: Store
  readonly vault: Vault
  readonly organisation: string
}): SealedRows =>
  sealedRows({
    ...deps,
    collection: flowCollection,
    places: (row, id) => {
      const sealed = row.departure?.verifier
      return sealed ? [{ sealed, binding: bindingOf(deps, id, row) }] : []
    },
    replaced: ({ departure, ...row }, [verifier]) => ({
      ...row,
      ...(departure && { departure: { ...departure, ...(verifier && { verifier }) } }),
    }),
  })
