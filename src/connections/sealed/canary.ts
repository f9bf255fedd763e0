import * as z from 'zod'
import { GatewayError } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { defineCollection, type Store } from '../../store/store.ts'
import { isSealedSecret, type SealedSecret } from '../../vault/sealed-secret.ts'
import type { Binding, Vault } from '../../vault/vault.ts'
import type { SealedRows } from './sealed-rows.ts'
import { sealedRows } from './sealed-rows.ts'

const WORDS = 'The key that sealed this opens what else is stored here.'
const ROW = 'canary'

const collection = defineCollection(
  'vault',
  z.strictObject({ organisation: z.string(), sealed: z.custom<SealedSecret>(isSealedSecret) }),
)

const bindingOf = (organisation: string): Binding => ({ organisation, connection: '', owner: '', field: 'canary' })

export interface CanaryDeps {
  readonly store: Store
  readonly vault: Vault
  readonly organisation: string
}

/**
 * Finds out at start whether the keys are the right ones, before a call needs one: opens the row that was sealed at the
 * first start, or makes it. Throws GatewayError `config_invalid` that names the key which is missing.
 */
export async function checkCanary({ store, vault, organisation }: CanaryDeps): Promise<void> {
  const row = await store.get(collection, ROW)
  if (!row) {
    const sealed = vault.seal(new Secret(WORDS), bindingOf(organisation))
    await store.put(collection, ROW, { organisation, sealed }, { ifVersion: 0 })
    return
  }
  if (row.value.organisation !== organisation) throw moved(row.value.organisation, organisation)
  try {
    vault.open(row.value.sealed, bindingOf(organisation))
  } catch (cause) {
    throw wrongKey(row.value.sealed.kid, cause)
  }
}

/** The canary as a row to be sealed anew with the others. */
export const canaryRows = ({ store, vault }: Omit<CanaryDeps, 'organisation'>): SealedRows =>
  sealedRows({
    store,
    vault,
    collection,
    places: ({ organisation, sealed }) => [{ sealed, binding: bindingOf(organisation) }],
    replaced: (row, [sealed = row.sealed]) => ({ ...row, sealed }),
  })

const wrongKey = (kid: string, cause: unknown): GatewayError =>
  new GatewayError(
    'config_invalid',
    `The credentials in this store were sealed with the encryption key ${kid}, which is not configured. ` +
      'Put it back (ENCRYPTION_KEY, vault.keys or the key file), as decrypt-only if it is an old one. ' +
      'If it is lost, the credentials are lost too: start with an empty store folder and connect again.',
    { cause, data: { kid } },
  )

const moved = (from: string, to: string): GatewayError =>
  new GatewayError(
    'config_invalid',
    `This store belongs to the organisation "${from}", and the configuration says "${to}". ` +
      'Sealed credentials are bound to their organisation: use the old name, or an empty store folder.',
  )
