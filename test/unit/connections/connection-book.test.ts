import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openConnectionBook } from '../../../src/connections/connection-book.ts'
import { credentialCollection } from '../../../src/connections/credential-row.ts'
import { sealedCredentials } from '../../../src/connections/credential-sealed.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../../src/store/store.ts'
import { openVault } from '../../../src/vault/vault.ts'
import { credentialWorld, HOUR, never } from './credential-world.ts'

const draft = {
  provider: 'postbox',
  method: 'token',
  settings: {},
  allowPrivateNetwork: false,
  credential: 'shared' as const,
  enabled: true,
}
const open = (store: Store, time: { now: number }) =>
  openConnectionBook({
    store,
    clock: () => time.now,
    onError: (error) => {
      throw error
    },
  })

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => void setImmediate(resolve))
}

describe('the book of managed connections', () => {
  it('is the same in every process that has the store open', async () => {
    const [driver, time] = [memoryDriver(), { now: 1 }]
    const [one, two] = [await open(openStore(driver), time), await open(openStore(driver), time)]
    let heard = 0
    two.onChange(() => (heard += 1))
    await one.create('mail', draft, 'user:root')
    await one.setEnabled('wiki', false, 'user:root')
    await settle()
    expect([[...two.all().keys()], [...two.switchedOff()], heard]).toEqual([['mail'], ['wiki'], 2])
    await one.setEnabled('wiki', true, 'user:root')
    await settle()
    expect(two.switchedOff().size).toBe(0)
  })

  it('lets one of two edits of the same version win', async () => {
    const [driver, time] = [memoryDriver(), { now: 1 }]
    const [one, two] = [await open(openStore(driver), time), await open(openStore(driver), time)]
    await one.create('mail', draft, 'user:root')
    const edits = [one, two].map((book, index) => book.update('mail', { ...draft, title: `${index}` }, 'user:root', 1))
    const outcomes = await Promise.allSettled(edits)
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  it('keeps what was deleted for 30 days, under its name, and not a day longer', async () => {
    const [driver, time] = [memoryDriver(), { now: 1 }]
    const book = await open(openStore(driver), time)
    await book.create('mail', draft, 'user:root')
    await book.remove('mail', 'user:root')
    expect([book.all().size, book.get('mail')?.deletedAt]).toEqual([0, 1])
    time.now += 29 * 24 * HOUR
    const later = await open(openStore(driver), time)
    await expect(later.create('mail', draft, 'user:root')).rejects.toMatchObject({ code: 'conflict' })
    expect(await later.restore('mail', 'user:root')).toMatchObject({ slug: 'mail', version: 3 })
    await later.remove('mail', 'user:root')
    time.now += 30 * 24 * HOUR + 1
    const latest = await open(openStore(driver), time)
    await expect(latest.restore('mail', 'user:root')).rejects.toMatchObject({ code: 'not_found' })
    expect(await latest.create('mail', draft, 'user:root')).toMatchObject({ version: 1 })
  })
})

describe('stored credentials', () => {
  it('are sealed anew under another key, with every secret of a row, and open as before', async () => {
    const [driver, old] = [memoryDriver(), randomBytes(32)]
    const world = await credentialWorld({ driver, key: old })
    const tokens = world.vendor.issue()
    const fields = { client_id: new Secret('id-1'), client_secret: new Secret('hush') }
    await world.book.grant({ connection: 'mail', subject: 'shared', fields, tokens })
    const vault = openVault({
      keys: [
        { kid: 'k2', key: new Secret(randomBytes(32)), state: 'active' },
        { kid: 'k1', key: new Secret(old), state: 'decrypt-only' },
      ],
    })
    const rows = sealedCredentials({ store: world.store, vault })
    expect([...(await rows.counts())]).toEqual([['k1', 4]])
    for await (const done of rows.rewrap(never)) expect(done).toBe(1)
    expect([...(await rows.counts())]).toEqual([['k2', 4]])
    const row = await world.store.get(credentialCollection, 'acme/mail/shared')
    const binding = { organisation: 'acme', connection: 'mail', owner: '', field: 'field:client_secret' }
    const sealed = row?.value.fields['client_secret']
    expect(sealed && vault.open(sealed, binding).reveal()).toBe('hush')
    await expect(world.book.credentialsOf('mail')('shared').lease(never)).rejects.toMatchObject({
      code: 'vault_failed',
    })
  })
})
