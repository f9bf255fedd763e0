import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Driver } from '../../../src/store/driver.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { defineCollection, openStore, type Store, type TypedChange } from '../../../src/store/store.ts'

interface Person {
  readonly name: string
  readonly groups: readonly string[]
}
const people = defineCollection<Person>(
  'people',
  z.object({ name: z.string().min(1), groups: z.array(z.string()).default([]) }),
)

function storeOver(): { driver: Driver; store: Store } {
  const driver = memoryDriver()
  return { driver, store: openStore(driver) }
}

describe('a typed store', () => {
  it('parses what it reads, so that defaults of a newer schema reach older rows', async () => {
    const { driver, store } = storeOver()
    await driver.put('people', 'ann', { name: 'Ann' })
    expect(await store.get(people, 'ann')).toEqual({ id: 'ann', version: 1, value: { name: 'Ann', groups: [] } })
    expect(await store.list(people)).toHaveLength(1)
    expect(await store.get(people, 'bob')).toBeUndefined()
  })

  it('never passes over a row that does not fit: it names collection, id and field', async () => {
    const { driver, store } = storeOver()
    await store.put(people, 'ann', { name: 'Ann', groups: [] })
    await driver.put('people', 'bob', { name: 7 })
    const refused = {
      code: 'store_unavailable',
      message: expect.stringContaining('The stored people/bob cannot be read: name does not fit.'),
    }
    await expect(store.get(people, 'bob')).rejects.toMatchObject(refused)
    await expect(store.list(people)).rejects.toMatchObject(refused)
  })

  it('does not write what it could not read back', async () => {
    const { driver, store } = storeOver()
    await expect(store.put(people, 'ann', { name: '', groups: [] })).rejects.toMatchObject({ code: 'internal' })
    expect(await driver.list('people')).toEqual([])
  })

  it('compares versions on put and delete', async () => {
    const { store } = storeOver()
    const made = await store.put(people, 'ann', { name: 'Ann', groups: [] }, { ifVersion: 0 })
    await store.put(people, 'ann', { name: 'Ann', groups: ['a'] }, { ifVersion: made.version })
    const late = store.delete(people, 'ann', { ifVersion: made.version })
    await expect(late).rejects.toMatchObject({ code: 'version_conflict' })
    expect(await store.delete(people, 'ann')).toBe(true)
  })

  it('tells watchers of typed rows; a row that does not fit fails for the one who reads it', async () => {
    const { driver, store } = storeOver()
    const changes: TypedChange<Person>[] = []
    store.watch(people, (change) => changes.push(change))
    await store.put(people, 'ann', { name: 'Ann', groups: [] })
    await driver.put('people', 'bob', { name: 7 })
    await driver.delete('people', 'bob')
    await expect.poll(() => changes.length).toBe(3)
    expect(changes[0]?.row?.value).toEqual({ name: 'Ann', groups: [] })
    expect(() => changes[1]?.row).toThrow('people/bob')
    expect(changes[2]).toMatchObject({ id: 'bob', row: undefined })
  })
})
