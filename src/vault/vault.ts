import { hkdfSync, randomBytes } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { decrypt, encrypt, KEY_BYTES, lengthPrefixed, packBox, unpackBox } from './envelope.ts'
import type { VaultKey } from './key.ts'
import { isSealedSecret, type SealedSecret } from './sealed-secret.ts'

/** Where a secret belongs. It opens nowhere else: not in another row, not for another owner, not as another field. */
export interface Binding {
  readonly organisation: string
  readonly connection: string
  /** Who brought the secret; empty for a shared connection. */
  readonly owner: string
  /** Such as `access_token`. */
  readonly field: string
}

export interface Vault {
  seal(secret: Secret, binding: Binding): SealedSecret
  /** Throws GatewayError `vault_failed` when the key is not here, the binding differs, or a single bit was changed. */
  open(sealed: SealedSecret, binding: Binding): Secret
  /** The secret under the active key, for rotation; undefined when it is already. Throws like `open`. */
  rewrap(sealed: SealedSecret, binding: Binding): SealedSecret | undefined
  /**
   * 32 bytes for one purpose (HKDF-SHA256, RFC 5869), the same after every start. They tell nothing about each other nor
   * about the key. After a rotation `kid` names the former key, to check what was signed under it.
   */
  derive(label: string, kid?: string): Buffer
  /** The ids of all keys, the active one first. */
  kids(): readonly string[]
  /**
   * Takes these keys from now on, one of them active. Throws GatewayError `config_invalid` like `openVault`, and when a key
   * is missing that was there before: something may be sealed with it.
   */
  adopt(keys: readonly VaultKey[]): void
}

/** Throws GatewayError `config_invalid` unless exactly one key is active and all ids differ. */
export function openVault({ keys }: { readonly keys: readonly VaultKey[] }): Vault {
  let ring = toRing(keys)
  const rawKey = (kid: string): Buffer => {
    const key = ring.byKid.get(kid)
    if (!key) throw missingKey(kid)
    return key
  }
  const wrappingKey = (kid: string): Buffer => hkdf(rawKey(kid), 'vault')

  const seal = (secret: Secret, binding: Binding): SealedSecret => {
    const { kid } = ring.active
    const aad = aadOf(binding, kid)
    const dataKey = randomBytes(KEY_BYTES)
    const dek = encrypt(wrappingKey(kid), dataKey, aad)
    const { iv, ct, tag } = encrypt(dataKey, Buffer.from(secret.reveal(), 'utf8'), aad)
    return {
      v: 1,
      kid,
      dek: base64url(packBox(dek)),
      iv: base64url(iv),
      ct: base64url(ct),
      tag: base64url(tag),
    }
  }
  const open = (sealed: SealedSecret, binding: Binding): Secret => {
    if (!isSealedSecret(sealed)) throw failed(binding)
    return unseal(wrappingKey(sealed.kid), sealed, binding)
  }
  return {
    seal,
    open,
    rewrap: (sealed, binding) => (sealed.kid === ring.active.kid ? undefined : seal(open(sealed, binding), binding)),
    derive: (label, kid = ring.active.kid) => hkdf(rawKey(kid), `derive:${label}`),
    kids: () => ring.kids,
    adopt(next) {
      const adopted = toRing(next)
      const lost = ring.kids.find((kid) => !adopted.byKid.has(kid))
      if (lost !== undefined)
        throw new GatewayError('config_invalid', `The key ${lost} is in use and must stay, decrypt-only.`)
      ring = adopted
    },
  }
}

interface Ring {
  readonly active: VaultKey
  readonly byKid: ReadonlyMap<string, Buffer>
  readonly kids: readonly string[]
}

function toRing(keys: readonly VaultKey[]): Ring {
  const active = onlyActive(keys)
  return {
    active,
    byKid: new Map(keys.map(({ kid, key }) => [kid, key.reveal()])),
    kids: [active.kid, ...keys.filter((key) => key !== active).map(({ kid }) => kid)],
  }
}

function unseal(wrappingKey: Buffer, sealed: SealedSecret, binding: Binding): Secret {
  const aad = aadOf(binding, sealed.kid)
  try {
    const dataKey = decrypt(wrappingKey, unpackBox(bytes(sealed.dek)), aad)
    const box = { iv: bytes(sealed.iv), ct: bytes(sealed.ct), tag: bytes(sealed.tag) }
    return new Secret(decrypt(dataKey, box, aad).toString('utf8'))
  } catch (error) {
    throw failed(binding, error)
  }
}

function onlyActive(keys: readonly VaultKey[]): VaultKey {
  const [active, ...more] = keys.filter((key) => key.state === 'active')
  if (!active || more.length > 0) {
    const found = active ? `${more.length + 1} keys are` : 'no key is'
    throw new GatewayError(
      'config_invalid',
      `Exactly one encryption key must be active; ${found}. Mark the others decrypt-only.`,
    )
  }
  const twice = keys.find((key, index) => keys.findIndex((other) => other.kid === key.kid) !== index)
  if (twice)
    throw new GatewayError('config_invalid', `Two encryption keys have the id ${twice.kid}. Give each its own.`)
  return active
}

const aadOf = ({ organisation, connection, owner, field }: Binding, kid: string): Buffer =>
  lengthPrefixed(['vault', '1', organisation, connection, owner, field, kid])

const hkdf = (key: Buffer, label: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `gatehouse/${label}`, KEY_BYTES))

const base64url = (data: Buffer): string => data.toString('base64url')
const bytes = (text: string): Buffer => Buffer.from(text, 'base64url')

const missingKey = (kid: string): GatewayError =>
  new GatewayError(
    'vault_failed',
    `The encryption key ${kid} is not configured, and something was sealed with it. Configure it as decrypt-only, or connect again.`,
    { data: { kid } },
  )

const failed = ({ connection, field }: Binding, cause?: unknown): GatewayError =>
  new GatewayError(
    'vault_failed',
    `The sealed ${field} of ${connection} cannot be opened: it was changed or moved, or the key is another. Connect ${connection} again.`,
    { cause },
  )
