import { describe, expect, it } from 'vitest'
import { commitQueue } from '../../../src/store/commit-queue.ts'

const limits = { maxBatch: 10, maxWaiting: 20, full: () => new Error('full') }
const done = (items: readonly number[]): readonly PromiseSettledResult<number>[] =>
  items.map((value) => ({ status: 'fulfilled', value }))

describe('a commit queue', () => {
  it('takes together what came together, and in order what came later', async () => {
    const batches: (readonly number[])[] = []
    const queue = commitQueue<number, number>({
      ...limits,
      commit: async (items) => (batches.push(items), done(items)),
    })
    await Promise.all([1, 2, 3].map((n) => queue.add(n)))
    await queue.add(4)
    expect(batches).toEqual([[1, 2, 3], [4]])
  })

  it('lets what can wait go with what cannot, or with the end, and else on its own after a while', async () => {
    const batches: (readonly number[])[] = []
    const commit = async (items: readonly number[]): Promise<readonly PromiseSettledResult<number>[]> => {
      batches.push(items)
      return done(items)
    }
    const patient = commitQueue<number, number>({ ...limits, lingerMs: 600_000, commit })
    const first = patient.add(1, { canWait: true })
    await new Promise((resolve) => setImmediate(resolve))
    const second = patient.add(2, { canWait: true })
    expect(batches).toEqual([])
    await Promise.all([patient.add(3), first, second])
    const last = patient.add(4, { canWait: true })
    await patient.drained()
    expect([batches, await last]).toEqual([[[1, 2, 3], [4]], 4])
    const brief = commitQueue<number, number>({ ...limits, lingerMs: 1, commit })
    expect(await Promise.all([5, 6].map((n) => brief.add(n, { canWait: true })))).toEqual([5, 6])
    expect(batches.slice(2)).toEqual([[5, 6]])
  })

  it('keeps to the weight of a batch, but takes an item that is too heavy alone', async () => {
    const batches: (readonly number[])[] = []
    const commit = async (items: readonly number[]): Promise<readonly PromiseSettledResult<number>[]> => {
      batches.push(items)
      return done(items)
    }
    const queue = commitQueue<number, number>({ ...limits, maxWaiting: 100, weigh: (n) => n, commit })
    await Promise.all([4, 6, 1, 30, 2].map((n) => queue.add(n)))
    expect(batches).toEqual([[4, 6], [1], [30], [2]])
  })

  it('refuses at once what would wait beyond the limit, and takes more when there is room again', async () => {
    const queue = commitQueue<number, number>({ ...limits, maxWaiting: 2, commit: async (items) => done(items) })
    const outcomes = await Promise.allSettled([1, 2, 3].map((n) => queue.add(n)))
    expect(outcomes.map((one) => one.status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(await queue.add(4)).toBe(4)
  })

  it('fails every item of a commit that throws, and none of the next', async () => {
    let broken = true
    const commit = async (items: readonly number[]): Promise<readonly PromiseSettledResult<number>[]> => {
      if (broken) throw new Error('broken')
      return done(items)
    }
    const queue = commitQueue<number, number>({ ...limits, commit })
    const first = await Promise.allSettled([queue.add(1), queue.add(2)])
    expect(first.map((one) => one.status)).toEqual(['rejected', 'rejected'])
    broken = false
    expect(await queue.add(3)).toBe(3)
    await queue.drained()
  })
})
