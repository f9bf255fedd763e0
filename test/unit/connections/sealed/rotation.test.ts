import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { canaryRows, checkCanary } from '../../../../src/connections/sealed/canary.ts'
import { vaultControl } from '../../../../src/connections/sealed/rotation.ts'
import { sealedRows } from '../../../../src/connections/sealed/sealed-rows.ts'
import { Secret } from '../../../../src/kernel/secret.ts'
import { memoryDriver } from '../../../../src/store/memory-driver.ts'
import { defineCollection, openStore, type Store } from '../../../../src/store/store.ts'
import { loadOrCreateKeyFile } from '../../../../src/vault/key-file.ts'
import { parseKey, type VaultKey } from '../../../../src/vault/key.ts'
import { isSealedSecret, type SealedSecret } from '../../../../src/vault/sealed-secret.ts'
import { openVault, type Vault } from '../../../../src/vault/vault.ts'
import { temporaryDirectory } from '../../../helpers/temporary-directory.ts'

const newKey = (kid: string): VaultKey => parseKey(new Secret(randomBytes(32).toString('base64')), kid)
const organisation = 'acme'
const signal = new AbortController().signal
const tokens = defineCollection(
  'tokens',
  z.strictObject({ name: z.string(), sealed: z.custom<SealedSecret>(isSealedSecret) }),
)
const bindingOf = (name: string) => ({ organisation, connection: name, owner: '', field: 'token' })
const rowsOf = (store: Store, vault: Vault) =>
  sealedRows({
    store,
    vault,
    collection: tokens,
    places: ({ name, sealed }) => [{ sealed, binding: bindingOf(name) }],
    replaced: (row, [sealed = row.sealed]) => ({ ...row, sealed }),
  })

async function fill(store: Store, vault: Vault, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    const sealed = vault.seal(new Secret(`token ${n}`), bindingOf(`c${n}`))
    await store.put(tokens, `c${n}`, { name: `c${n}`, sealed })
  }
}

describe('the canary', () => {
  it('lets the right key pass, and the same key again after a restart', async () => {
    const store = openStore(memoryDriver())
    const key = newKey('k1')
    await checkCanary({ store, vault: openVault({ keys: [key] }), organisation })
    await checkCanary({ store, vault: openVault({ keys: [key] }), organisation })
    const former = { ...key, state: 'decrypt-only' } as const
    await checkCanary({ store, vault: openVault({ keys: [newKey('k2'), former] }), organisation })
  })

  it('stops the start when the key is another, and names the one that is missing', async () => {
    const store = openStore(memoryDriver())
    await checkCanary({ store, vault: openVault({ keys: [newKey('k1')] }), organisation })
    const missing = checkCanary({ store, vault: openVault({ keys: [newKey('k2')] }), organisation })
    await expect(missing).rejects.toMatchObject({ code: 'config_invalid', message: expect.stringContaining('key k1') })
    const impostor = checkCanary({ store, vault: openVault({ keys: [newKey('k1')] }), organisation })
    await expect(impostor).rejects.toMatchObject({ code: 'config_invalid' })
  })

  it('stops the start when the store is of another organisation', async () => {
    const store = openStore(memoryDriver())
    const vault = openVault({ keys: [newKey('k1')] })
    await checkCanary({ store, vault, organisation })
    await expect(checkCanary({ store, vault, organisation: 'other' })).rejects.toThrow(
      'belongs to the organisation "acme"',
    )
  })
})

describe('rotation', () => {
  it('seals everything anew, in batches, and says which key is still needed for how much', async () => {
    const store = openStore(memoryDriver())
    const old = newKey('old')
    await fill(store, openVault({ keys: [old] }), 250)
    const vault = openVault({ keys: [newKey('new'), { ...old, state: 'decrypt-only' }] })
    const control = vaultControl({ vault, keyFile: undefined, rows: [rowsOf(store, vault)] })
    expect((await control.status()).keys).toEqual([
      { kid: 'new', state: 'active', sealed: 0 },
      { kid: 'old', state: 'decrypt-only', sealed: 250 },
    ])
    expect(await control.rotate({ newKey: false, signal })).toMatchObject({
      rewrapped: 250,
      keys: [
        { kid: 'new', sealed: 250 },
        { kid: 'old', sealed: 0 },
      ],
    })
    const row = await store.get(tokens, 'c7')
    expect(row && vault.open(row.value.sealed, bindingOf('c7')).reveal()).toBe('token 7')
    expect(await control.rotate({ newKey: false, signal })).toMatchObject({ rewrapped: 0 })
  })

  it('makes a new key in the key file when asked, once at a time', async () => {
    const path = join(await temporaryDirectory(), 'encryption.key')
    const store = openStore(memoryDriver())
    const vault = openVault({ keys: await loadOrCreateKeyFile(path) })
    await checkCanary({ store, vault, organisation })
    await fill(store, vault, 3)
    const control = vaultControl({ vault, keyFile: path, rows: [rowsOf(store, vault), canaryRows({ store, vault })] })
    const [first, second] = await Promise.all([
      control.rotate({ newKey: true, signal }),
      control.rotate({ newKey: true, signal }),
    ])
    expect(first).toMatchObject({ rewrapped: 4, keyFile: path })
    expect(second.keys.map(({ sealed }) => sealed)).toEqual([4, 0, 0])
    const restarted = openVault({ keys: await loadOrCreateKeyFile(path) })
    await checkCanary({ store, vault: restarted, organisation })
    expect(restarted.kids()).toEqual(vault.kids())
  })

  it('refuses to make a key where keys come from elsewhere, and says what to do', async () => {
    const vault = openVault({ keys: [newKey('k1')] })
    const control = vaultControl({ vault, keyFile: undefined, rows: [] })
    await expect(control.rotate({ newKey: true, signal })).rejects.toMatchObject({ code: 'conflict' })
  })

  it('keeps what somebody changes meanwhile', async () => {
    const store = openStore(memoryDriver())
    const old = newKey('old')
    await fill(store, openVault({ keys: [old] }), 1)
    const vault = openVault({ keys: [newKey('new'), { ...old, state: 'decrypt-only' }] })
    let isFirst = true
    const racing: Store = {
      ...store,
      async put(collection, id, value, options) {
        if (isFirst) {
          isFirst = false
          await store.put(tokens, 'c0', { name: 'c0', sealed: vault.seal(new Secret('newer'), bindingOf('c0')) })
        }
        return store.put(collection, id, value, options)
      },
    }
    const control = vaultControl({ vault, keyFile: undefined, rows: [rowsOf(racing, vault)] })
    expect(await control.rotate({ newKey: false, signal })).toMatchObject({ rewrapped: 0 })
    const row = await store.get(tokens, 'c0')
    expect(row && vault.open(row.value.sealed, bindingOf('c0')).reveal()).toBe('newer')
  })

  it('shows a key that is missing', async () => {
    const store = openStore(memoryDriver())
    await fill(store, openVault({ keys: [newKey('lost')] }), 2)
    const vault = openVault({ keys: [newKey('new')] })
    const { status } = vaultControl({ vault, keyFile: undefined, rows: [rowsOf(store, vault)] })
    expect((await status()).keys).toContainEqual({ kid: 'lost', state: 'missing', sealed: 2 })
  })
})
