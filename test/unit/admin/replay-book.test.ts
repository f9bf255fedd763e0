import { describe, expect, it } from 'vitest'
import { replayBook } from '../../../src/admin/replay-book.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'
import { seal } from '../../../src/vault/seal.ts'

const DAY = 24 * 3_600_000

function opened() {
  const driver = memoryDriver()
  let now = 1_000_000
  const deps = { store: openStore(driver), seal: seal(Buffer.alloc(32, 3), 'replays'), clock: () => now }
  let runs = 0
  return {
    driver,
    book: replayBook(deps),
    /** The book after a restart. */
    reopened: () => replayBook(deps),
    pass: (ms: number) => (now += ms),
    runs: () => runs,
    work: () => Promise.resolve({ run: ++runs, key: 'ghp_once' }),
  }
}

const request = { principal: 'person:ann', route: 'POST /api/agents', key: 'k', body: '{}' }
const failing = (code: 'conflict' | 'internal' | 'audit_unavailable') => () =>
  Promise.reject(new GatewayError(code, 'It failed.'))

describe('answers that are repeated', () => {
  it('are kept sealed, also over a restart', async () => {
    const { book, reopened, driver, work } = opened()
    expect(await book.once(request, work)).toEqual({ run: 1, key: 'ghp_once' })
    expect(JSON.stringify(await driver.list('replays'))).not.toContain('ghp_once')
    expect(await reopened().once(request, work)).toEqual({ run: 1, key: 'ghp_once' })
  })

  it('are forgotten after a day', async () => {
    const { book, pass, work } = opened()
    await book.once(request, work)
    pass(DAY - 1)
    expect(await book.once(request, work)).toMatchObject({ run: 1 })
    pass(1)
    expect(await book.once(request, work)).toMatchObject({ run: 2 })
  })

  it('are not made up: what was begun and cut off is a conflict, not a second run', async () => {
    for (const code of ['internal', 'audit_unavailable'] as const) {
      const { book, runs, work } = opened()
      await expect(book.once(request, failing(code))).rejects.toMatchObject({ code })
      await expect(book.once(request, work)).rejects.toMatchObject({ code: 'idempotency_conflict' })
      expect(runs()).toBe(0)
    }
  })

  it('are not kept of a failure that changed nothing, nor when they are very large', async () => {
    const { book, work } = opened()
    await expect(book.once(request, failing('conflict'))).rejects.toMatchObject({ code: 'conflict' })
    expect(await book.once(request, work)).toMatchObject({ run: 1 })
    const large = { ...request, key: 'large' }
    expect(await book.once(large, () => Promise.resolve({ text: 'x'.repeat(20_000) }))).toHaveProperty('text')
    await expect(book.once(large, work)).rejects.toMatchObject({ code: 'idempotency_conflict' })
  })

  it('are swept out when they are over, and no more are taken than can be kept', async () => {
    const { book, driver, pass, work } = opened()
    for (let at = 0; at < 1_000; at++) await book.once({ ...request, key: String(at) }, work)
    await expect(book.once({ ...request, key: 'more' }, work)).rejects.toMatchObject({ code: 'overloaded' })
    expect(await book.once({ ...request, key: '7' }, work)).toMatchObject({ run: 8 })
    pass(DAY)
    expect(await book.once({ ...request, key: 'more' }, work)).toMatchObject({ run: 1_001 })
    expect(await driver.list('replays')).toHaveLength(1)
  })
})
