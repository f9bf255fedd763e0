import { describe, expect, it } from 'vitest'
import { keyCollection, openKeyBook } from '../../../src/identity/keys.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'

const MINUTE = 60_000

async function opened() {
  const driver = memoryDriver()
  const store = openStore(driver)
  let now = 1_000_000
  const clock = () => now
  const book = await openKeyBook({ store, clock })
  return { book, store, driver, clock, pass: (ms: number) => (now += ms) }
}

describe('API keys', () => {
  it('remembers the person that an agent acts for with a key, also when the key is rotated', async () => {
    const { book } = await opened()
    const { id, key } = await book.issue('sidekick', { user: 'ann' })
    expect(book.verify(key.reveal())).toMatchObject({ owner: 'sidekick', user: 'ann' })
    const next = await book.rotate(id, { overlapMs: 0 })
    expect(book.verify(next.key.reveal())).toMatchObject({ owner: 'sidekick', user: 'ann' })
    expect(await book.list('sidekick')).toMatchObject([{ user: 'ann' }])
  })

  it('open the door for their agent', async () => {
    const { book } = await opened()
    const { id, key } = await book.issue('sidekick')
    expect(key.reveal()).toMatch(/^gh_[0-9A-Za-z]{12}_[0-9A-Za-z]{43}$/)
    expect(key.reveal()).toContain(`gh_${id}_`)
    expect(book.verify(key.reveal()).owner).toBe('sidekick')
  })

  it('are not in the store, nor in any list', async () => {
    const { book, driver } = await opened()
    const { id, key } = await book.issue('sidekick')
    const secret = key.reveal().split('_')[2] ?? ''
    expect(JSON.stringify([await driver.list('keys'), await book.list(), key])).not.toContain(secret)
    expect(await book.list()).toEqual([{ id, agent: 'sidekick', createdAt: 1_000_000 }])
  })

  it('are refused in the same words when the id or the secret is wrong', async () => {
    const { book } = await opened()
    const key = (await book.issue('sidekick')).key.reveal()
    const other = (await book.issue('sidekick')).key.reveal()
    const wrong = [
      `${key.slice(0, 16)}${other.slice(16)}`,
      `gh_000000000000_${key.slice(16)}`,
      `${key.slice(0, -1)}${key.endsWith('0') ? '1' : '0'}`,
      `${key}0`,
      key.toUpperCase(),
      'gh_',
      '',
    ]
    for (const text of wrong) {
      expect(() => book.verify(text), text).toThrow('This is no valid API key. Ask an admin for one')
    }
  })

  it('end at their time, to the millisecond', async () => {
    const { book, pass } = await opened()
    const { key } = await book.issue('sidekick', { expiresAt: 1_000_500 })
    pass(499)
    expect(book.verify(key.reveal()).owner).toBe('sidekick')
    pass(1)
    expect(() => book.verify(key.reveal())).toThrow('This API key has expired.')
  })

  it('open nothing once they are revoked, and only their owner learns why', async () => {
    const { book } = await opened()
    const { id, key } = await book.issue('sidekick')
    expect(await book.revoke(id)).toBe(true)
    expect(() => book.verify(key.reveal())).toThrow('This API key was revoked.')
    expect(() => book.verify(`${key.reveal().slice(0, 16)}${'0'.repeat(43)}`)).toThrow('This is no valid API key')
    expect(await book.revoke(id)).toBe(false)
    expect(await book.revoke('nothing')).toBe(false)
    expect(await book.list()).toEqual([])
  })

  it('are revoked all at once for an agent, and for no other', async () => {
    const { book } = await opened()
    const keys = [await book.issue('a'), await book.issue('a'), await book.issue('b')]
    expect(await book.revokeAll('a')).toBe(2)
    expect((await book.list()).map(({ agent }) => agent)).toEqual(['b'])
    expect(book.verify(keys[2]?.key.reveal() ?? '').owner).toBe('b')
  })

  it('are known to a book that opens later, and follow what another book does', async () => {
    const { book, store, clock } = await opened()
    const early = await book.issue('a')
    const other = await openKeyBook({ store, clock })
    const late = await book.issue('b')
    expect([early, late].map(({ key }) => other.verify(key.reveal()).owner)).toEqual(['a', 'b'])
    await book.revoke(early.id)
    expect(() => other.verify(early.key.reveal())).toThrow('was revoked')
    await store.delete(keyCollection, late.id)
    expect(() => other.verify(late.key.reveal())).toThrow('no valid API key')
  })

  it('are not usable when their row was tampered with', async () => {
    const { book, driver } = await opened()
    const { id, key } = await book.issue('a')
    await driver.put('keys', id, { agent: 'root', hash: 'short', createdAt: 1 })
    expect(() => book.verify(key.reveal())).toThrow('no valid API key')
  })

  it('remember their last use, to ten minutes', async () => {
    const { book, store, pass } = await opened()
    const { id, key } = await book.issue('a')
    const lastUsed = async (): Promise<unknown> => {
      await book.close()
      const row = await store.get(keyCollection, id)
      return [row?.value.lastUsedAt, row?.version]
    }
    book.verify(key.reveal())
    book.verify(key.reveal())
    expect(await lastUsed()).toEqual([1_000_000, 2])
    pass(9 * MINUTE)
    book.verify(key.reveal())
    expect(await lastUsed()).toEqual([1_000_000, 2])
  })

  it('stay revoked when they are used at the same moment', async () => {
    const { book, store } = await opened()
    const { id, key } = await book.issue('a')
    const revoking = book.revoke(id)
    book.verify(key.reveal())
    await revoking
    await book.close()
    expect((await store.get(keyCollection, id))?.value.revokedAt).toBe(1_000_000)
  })
})
