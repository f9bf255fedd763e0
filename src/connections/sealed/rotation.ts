import { addKeyToFile } from '../../vault/key-file.ts'
import type { Vault } from '../../vault/vault.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { SealedRows } from './sealed-rows.ts'

export interface KeyUse {
  readonly kid: string
  readonly state: 'active' | 'decrypt-only' | 'missing'
  /** Sealed values that only this key opens. */
  readonly sealed: number
}

export interface VaultState {
  /** The active key first. */
  readonly keys: readonly KeyUse[]
  /** The file that keys are kept in, when they are not configured elsewhere. */
  readonly keyFile?: string
}

export interface Rotated extends VaultState {
  /** Rows that were sealed anew. */
  readonly rewrapped: number
}

/** What admins can do with the vault's keys. */
export interface VaultControl {
  status(): Promise<VaultState>
  /**
   * Seals everything under the active key, in batches; with `newKey` under one that is made first and put into the key
   * file. Throws GatewayError `conflict` when keys come from elsewhere and a new one was asked for.
   */
  rotate(options: { readonly newKey: boolean; readonly signal: AbortSignal }): Promise<Rotated>
}

export interface VaultControlDeps {
  readonly vault: Vault
  readonly keyFile: string | undefined
  readonly rows: readonly SealedRows[]
}

export function vaultControl({ vault, keyFile, rows }: VaultControlDeps): VaultControl {
  const status = async (): Promise<VaultState> => ({
    keys: toKeys(vault.kids(), await Promise.all(rows.map((kind) => kind.counts()))),
    ...(keyFile !== undefined && { keyFile }),
  })
  let work: Promise<unknown> = Promise.resolve()
  const rotate: VaultControl['rotate'] = async ({ newKey, signal }) => {
    if (newKey) vault.adopt(await addKeyToFile(ownFile(keyFile)))
    let rewrapped = 0
    for (const kind of rows) for await (const count of kind.rewrap(signal)) rewrapped += count
    return { ...(await status()), rewrapped }
  }
  return {
    status,
    /** One at a time: two would make two keys. */
    rotate(options) {
      const next = work.then(() => rotate(options))
      work = next.catch(() => undefined)
      return next
    },
  }
}

function toKeys(kids: readonly string[], counts: readonly ReadonlyMap<string, number>[]): readonly KeyUse[] {
  const used = new Set(counts.flatMap((count) => [...count.keys()]))
  const sum = (kid: string): number => counts.reduce((total, count) => total + (count.get(kid) ?? 0), 0)
  return [
    ...kids.map((kid, index) => ({
      kid,
      state: index === 0 ? ('active' as const) : ('decrypt-only' as const),
      sealed: sum(kid),
    })),
    ...[...used]
      .filter((kid) => !kids.includes(kid))
      .map((kid) => ({ kid, state: 'missing' as const, sealed: sum(kid) })),
  ]
}

function ownFile(keyFile: string | undefined): string {
  if (keyFile !== undefined) return keyFile
  throw new GatewayError(
    'conflict',
    'The encryption key comes from the environment or vault.keys. Make a new key there, mark the old one decrypt-only, restart, and rotate without a new key.',
  )
}
