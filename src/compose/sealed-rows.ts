import { bindingOf } from '../approvals/queue.ts'
import { approvalCollection } from '../approvals/rows.ts'
import { sealedCredentials } from '../connections/credential-sealed.ts'
import { sealedIssuerClients } from '../connections/issuer-clients.ts'
import { sealedFlows } from '../connections/oauth/flow-sealed.ts'
import { canaryRows } from '../connections/sealed/canary.ts'
import { type SealedRows, sealedRows } from '../connections/sealed/sealed-rows.ts'
import type { World } from './world.ts'

type Place = Pick<World, 'store' | 'vault'>

/** Everything in the store that is sealed with the vault's keys, to be sealed anew under another one. */
export const sealedRowsOf = ({ store, vault }: Place, organisation: string): readonly SealedRows[] => [
  canaryRows({ store, vault }),
  sealedCredentials({ store, vault }),
  sealedIssuerClients({ store, vault }),
  sealedFlows({ store, vault, organisation }),
  sealedApprovals({ store, vault }),
]

const sealedApprovals = ({ store, vault }: Place): SealedRows =>
  sealedRows({
    store,
    vault,
    collection: approvalCollection,
    places: (row, id) => (row.sealed ? [{ sealed: row.sealed, binding: bindingOf(id, row) }] : []),
    replaced: (row, [sealed]) => ({ ...row, ...(sealed && { sealed }) }),
  })
