import { describe, expect, it } from 'vitest'
import { openKeyBook } from '../../../src/identity/keys.ts'
import { openPersonKeys } from '../../../src/identity/person-keys.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'

async function opened() {
  const store = openStore(memoryDriver())
  let now = 1_000_000
  const clock = () => now
  const people = await openPersonKeys({ store, clock })
  return { store, clock, people, agents: await openKeyBook({ store, clock }), pass: (ms: number) => (now += ms) }
}

describe('keys of people', () => {
  it('begin with ghp_ and open no door of agents, nor the other way round', async () => {
    const { people, agents } = await opened()
    const key = (await people.issue('ann')).key.reveal()
    const agentKey = (await agents.issue('ann')).key.reveal()
    expect(people.verify(key)).toMatchObject({ owner: 'ann' })
    for (const text of [key, key.replace('ghp_', 'gh_')]) expect(() => agents.verify(text)).toThrow('no valid API key')
    for (const text of [agentKey, agentKey.replace('gh_', 'ghp_')]) {
      expect(() => people.verify(text)).toThrow('no valid key of a person')
    }
  })

  it('rotate: the old one works until the overlap is over, and never longer than it would have', async () => {
    const { people, pass } = await opened()
    const old = await people.issue('ann', { expiresAt: 1_000_500 })
    const next = await people.rotate(old.id, { overlapMs: 60_000 })
    pass(499)
    expect(people.verify(old.key.reveal()).owner).toBe('ann')
    pass(1)
    expect(() => people.verify(old.key.reveal())).toThrow('has expired')
    expect(people.recheck(next.id)).toEqual({ owner: 'ann', keyId: next.id })
  })

  it('stay revoked when a rotation of the same key runs at the same moment, also in another process', async () => {
    const { people, store, clock } = await opened()
    const other = await openPersonKeys({ store, clock })
    const old = await people.issue('ann')
    await Promise.all([people.revoke(old.id), other.rotate(old.id, { overlapMs: 60_000 })])
    expect(() => people.verify(old.key.reveal())).toThrow('was revoked')
    expect(() => other.recheck(old.id)).toThrow('was revoked')
  })

  it('are at most fifty that work, for one person', async () => {
    const { people } = await opened()
    for (let at = 0; at < 50; at++) await people.issue('ann')
    await expect(people.issue('ann')).rejects.toMatchObject({ code: 'conflict' })
    await people.revokeAll('ann')
    expect((await people.issue('ann')).id).toMatch(/^\w{12}$/)
  })
})
