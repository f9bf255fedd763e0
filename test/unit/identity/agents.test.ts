import { describe, expect, it } from 'vitest'
import { openAgentBook } from '../../../src/identity/agents.ts'
import type { Agent } from '../../../src/kernel/principal.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'

const declaredAgent = (id: string): Agent => ({
  id,
  groups: ['d'],
  toolNames: 'plain',
  enabled: true,
  origin: 'declared',
})
const draft = (id: string) => ({ id, groups: ['m'], toolNames: 'portable' as const })

async function opened(...ids: readonly string[]) {
  const driver = memoryDriver()
  const store = openStore(driver)
  let declared = new Map(ids.map((id) => [id, declaredAgent(id)]))
  const book = await openAgentBook({ store, declared: () => declared })
  return { book, store, driver, declare: (id: string) => (declared = new Map([[id, declaredAgent(id)]])) }
}

describe('agents', () => {
  it('are those of the configuration and those that admins registered', async () => {
    const { book, store } = await opened('zed')
    await book.add({ ...draft('ann'), title: 'Ann' })
    expect((await book.list()).map(({ id, origin }) => [id, origin])).toEqual([
      ['ann', 'managed'],
      ['zed', 'declared'],
    ])
    const later = await openAgentBook({ store, declared: () => new Map() })
    expect([...later.agents().values()]).toEqual([
      { id: 'ann', title: 'Ann', groups: ['m'], toolNames: 'portable', enabled: true, origin: 'managed' },
    ])
  })

  it('cannot be registered twice, or under a name that is none', async () => {
    const { book } = await opened('zed')
    await book.add(draft('ann'))
    await expect(book.add(draft('ann'))).rejects.toMatchObject({ code: 'conflict' })
    await expect(book.add(draft('zed'))).rejects.toMatchObject({ code: 'conflict' })
    for (const id of ['', 'Ann', 'a b', 'admin', 'gatehouse', '../x', 'a'.repeat(65)]) {
      await expect(book.add(draft(id)), id).rejects.toMatchObject({ code: 'invalid_request' })
    }
    expect((await book.add(draft('admin2'))).id).toBe('admin2')
  })

  it('are declared first: the file hides a managed one of the same name', async () => {
    const { book, declare } = await opened()
    await book.add(draft('ann'))
    declare('ann')
    expect(book.agents().get('ann')).toMatchObject({ origin: 'declared', groups: ['d'] })
    expect(await book.list()).toHaveLength(1)
  })

  it('are gone at once when they are removed; declared ones stay', async () => {
    const { book } = await opened('zed')
    await book.add(draft('ann'))
    await book.remove('ann')
    expect(book.agents().has('ann')).toBe(false)
    await expect(book.remove('ann')).rejects.toMatchObject({ code: 'not_found' })
    await expect(book.remove('zed')).rejects.toThrow('It is declared in the configuration: remove it there.')
  })

  it('stay the same map until something changes, and say when it does', async () => {
    const { book } = await opened('zed')
    let changes = 0
    const stop = book.onChange(() => (changes += 1))
    const before = book.agents()
    expect(book.agents()).toBe(before)
    await book.add(draft('ann'))
    expect(book.agents()).not.toBe(before)
    stop()
    await book.remove('ann')
    expect(changes).toBe(1)
  })

  it('are gone when their row cannot be read, and the others stay', async () => {
    const { book, driver } = await opened('zed')
    await book.add(draft('ann'))
    await driver.put('agents', 'ann', { groups: 'all' })
    expect([...book.agents().keys()]).toEqual(['zed'])
  })
})
