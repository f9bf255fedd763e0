import { describe, expect, it } from 'vitest'
import { keptLimits } from '../../../src/compose/kept-limits.ts'
import type { Limit, LimitSubject } from '../../../src/gateway/limits.ts'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore, type Store } from '../../../src/store/store.ts'

const subject: LimitSubject = {
  agent: 'sidekick',
  user: undefined,
  tool: 'conn:slack:send_message',
  connection: 'slack',
  organisation: 'acme',
}
const hourly: Limit = { kind: 'rateLimit', rule: 'hourly', limit: 2, windowMs: 3_600_000, per: ['agent'], burst: 2 }
const monthly: Limit = { kind: 'quota', rule: 'monthly', limit: 3, window: 'month', timezone: 'UTC', per: ['agent'] }

/** A second passes when the test says so. */
function house(store: Store) {
  const planned: (() => void)[] = []
  const failures: string[] = []
  return {
    failures,
    second: () => planned.splice(0).forEach((work) => work()),
    open: (now: () => number) =>
      keptLimits({
        store,
        clock: now,
        schedule: (work) => {
          planned.push(work)
          return () => void planned.splice(planned.indexOf(work) >>> 0, 1)
        },
        log: { error: (_fields, message) => void failures.push(message) },
      }),
  }
}

describe('limits that are kept', () => {
  it('go on counting after a restart', async () => {
    const store = openStore(memoryDriver())
    const first = await house(store).open(() => 0)
    expect(first.take([hourly, monthly], subject)).toBeUndefined()
    expect(first.take([hourly, monthly], subject)).toBeUndefined()
    await first.close()
    const second = await house(store).open(() => 1_000)
    expect(second.take([hourly], subject)?.limit).toEqual(hourly)
    expect(second.take([monthly], subject)).toBeUndefined()
    expect(second.take([monthly], subject)?.limit).toEqual(monthly)
  })

  it('are written every second, so that a process that is killed gives little back', async () => {
    const store = openStore(memoryDriver())
    const { open, second } = house(store)
    const killed = await open(() => 0)
    killed.take([hourly], subject)
    killed.take([hourly], subject)
    second()
    await expect
      .poll(() =>
        house(store)
          .open(() => 0)
          .then((next) => next.take([hourly], subject)?.limit),
      )
      .toEqual(hourly)
  })

  it('forget what says nothing any more', async () => {
    const driver = memoryDriver()
    const store = openStore(driver)
    const first = await house(store).open(() => 0)
    first.take([hourly, monthly], subject)
    await first.close()
    expect(await driver.list('limits')).toHaveLength(2)
    const later = await house(store).open(() => 40 * 86_400_000)
    expect(await driver.list('limits')).toEqual([])
    expect(later.take([hourly, monthly], subject)).toBeUndefined()
  })

  it('keep a bucket that was forgotten and used again within the same second', async () => {
    const driver = memoryDriver()
    const { open, second } = house(openStore(driver))
    let now = 0
    const limits = await open(() => now)
    limits.take([hourly], subject)
    second()
    await expect.poll(() => driver.list('limits')).toHaveLength(1)
    now = 3_600_000 * 10
    const brief = { ...hourly, windowMs: 1, limit: 1, burst: 1 } as const
    for (let n = 0; n <= 10_001; n++) limits.take([brief], { ...subject, agent: `${n}` })
    limits.take([hourly], subject)
    await limits.close()
    expect(await driver.list('limits')).toHaveLength(1)
  })

  it('hold in memory while the store cannot be written, and say so', async () => {
    const store = openStore(memoryDriver())
    const broken: Store = {
      ...store,
      put: () => Promise.reject(new GatewayError('store_unavailable', 'The disk is full.')),
    }
    const { open, second, failures } = house(broken)
    const limits = await open(() => 0)
    limits.take([hourly], subject)
    limits.take([hourly], subject)
    second()
    await expect.poll(() => failures).toHaveLength(1)
    expect(limits.take([hourly], subject)?.limit).toEqual(hourly)
  })
})
