import { describe, expect, it } from 'vitest'
import { freezeBook } from '../../../src/admin/freeze-book.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import type { Freeze } from '../../../src/kernel/freeze.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

const stop: Freeze = { scope: 'agent', id: 'sidekick', by: 'admin', at: 1 }

async function book(store: Store) {
  const applied: (readonly Freeze[])[] = []
  return { applied, ...(await freezeBook({ store, apply: (freezes) => void applied.push(freezes) })) }
}

describe('the book of stops', () => {
  it('puts what was stopped before a restart into force before anything runs', async () => {
    const store = openStore(memoryDriver())
    await (await book(store)).add(stop)
    const { applied, lift } = await book(store)
    expect(applied).toEqual([[stop]])
    expect(await lift(stop)).toBe(true)
    expect(applied.at(-1)).toEqual([])
    expect(await lift(stop)).toBe(false)
  })

  it('stops at once although the store cannot be written, and lifts only what it can write', async () => {
    const failing = () => Promise.reject(new GatewayError('store_unavailable', 'The disk is full.'))
    const { applied, add, lift } = await book({ ...openStore(memoryDriver()), put: failing, delete: failing })
    await expect(add(stop)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(applied.at(-1)).toEqual([stop])
    await expect(lift(stop)).rejects.toMatchObject({ code: 'store_unavailable' })
    expect(applied.at(-1)).toEqual([stop])
  })

  it('follows what another process stops', async () => {
    const store = openStore(memoryDriver())
    const [here, there] = [await book(store), await book(store)]
    await there.add(stop)
    expect(here.applied.at(-1)).toEqual([stop])
    here.close()
  })
})
