import type { Rotated, VaultState } from '../connections/sealed/rotation.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'

export type { Rotated, VaultState }

/** Which keys there are and how many sealed values need each. Never the keys. */
export async function vaultStatus(deps: AdminDeps, principal: Principal): Promise<VaultState> {
  return asAdmin(deps, principal, { type: 'vault.read', kind: 'look' }, () => deps.vault.status())
}

/** Seals every stored secret under the active key, with `newKey` under a new one. Throws what `VaultControl` throws. */
export async function rotateVault(
  deps: AdminDeps,
  principal: Principal,
  options: { readonly newKey: boolean; readonly signal: AbortSignal },
): Promise<Rotated> {
  const facts = { detail: { newKey: options.newKey } }
  return asAdmin(deps, principal, { type: 'vault.rotated', kind: 'change', facts }, () => deps.vault.rotate(options))
}
