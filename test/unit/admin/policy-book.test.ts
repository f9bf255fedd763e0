import { describe, expect, it } from 'vitest'
import { type PolicyBook, policyBook, type PolicyDraft } from '../../../src/admin/policy-book.ts'
import { policyPointer, policyRows, POINTER } from '../../../src/admin/policy-row.ts'
import type { Driver } from '../../../src/store/driver.ts'
import { memoryDriver } from '../../../src/store/memory-driver.ts'
import { openStore } from '../../../src/store/store.ts'

const COUNTS = { gained: 0, lost: 0, approvalChanged: 0, conditionsChanged: 0, obligationsChanged: 0, widening: 0 }
const draft = (id: string, more: Partial<PolicyDraft> = {}): PolicyDraft => ({
  document: { rules: [{ id, effect: 'allow' }] },
  author: 'admin',
  tests: { passed: 0, failed: 0, skipped: 0, failures: [] },
  lint: { error: 0, warning: 0, info: 0, findings: [] },
  impact: { ...COUNTS, cells: 0 },
  ...more,
})

let ids = 0
const open = (driver: Driver, onChanged = () => Promise.resolve()): Promise<PolicyBook> =>
  policyBook({
    store: openStore(driver),
    clock: () => 1_000,
    newId: () => `id-${++ids}`,
    onChanged,
    onLost: (error) => {
      throw error
    },
  })
const ruleOf = ({ active }: PolicyBook): string | undefined => active().document?.rules[0]?.id

describe('the book of the managed policy', () => {
  it('is empty at first, and version 0 can always be read', async () => {
    const book = await open(memoryDriver())
    expect(book.active()).toMatchObject({ version: { version: 0, text: '{"rules":[]}' }, document: { rules: [] } })
    expect(await book.versions()).toMatchObject([{ version: 0 }])
    expect(await book.read(0)).toMatchObject({ version: 0 })
  })

  it('has at start what was in force in the store, although calls never came to be decided by it', async () => {
    const driver = memoryDriver()
    const dying = await open(driver, () => new Promise(() => undefined))
    void dying.activate(draft('a'))
    await expect.poll(async () => ruleOf(await open(driver))).toBe('a')
  })

  it('keeps the old version when it dies between the new text and the pointer, and forgets the text', async () => {
    const driver = memoryDriver()
    const first = await open(driver)
    await first.activate(draft('a'))
    const failing: Driver = {
      ...driver,
      put: (collection, id, value, options) =>
        collection === policyPointer.name ? new Promise(() => undefined) : driver.put(collection, id, value, options),
    }
    void (await open(failing)).activate(draft('b'))
    await expect.poll(async () => (await driver.list(policyRows.name)).length).toBe(2)
    const book = await open(driver)
    expect(ruleOf(book)).toBe('a')
    expect((await book.versions()).map(({ version }) => version)).toEqual([1, 0])
    await book.activate(draft('c'))
    expect((await book.versions()).map(({ version, parent }) => [version, parent])).toEqual([
      [2, 1],
      [1, 0],
      [0, 0],
    ])
    expect(await driver.list(policyRows.name)).toHaveLength(2)
  })

  it('lets one of two processes be first, and tells the other', async () => {
    const driver = memoryDriver()
    const still: Driver = { ...driver, watch: () => () => undefined }
    const [one, two] = [await open(still), await open(still)]
    await one.activate(draft('a'))
    await expect(two.activate(draft('b'))).rejects.toMatchObject({ code: 'version_conflict' })
    expect(ruleOf(await open(driver))).toBe('a')
    expect(await driver.list(policyRows.name)).toHaveLength(1)
  })

  it('follows what another process puts into force', async () => {
    const driver = memoryDriver()
    let changes = 0
    const [one, two] = [
      await open(driver),
      await open(driver, () => {
        changes++
        return Promise.resolve()
      }),
    ]
    await one.activate(draft('a'))
    await expect.poll(() => ruleOf(two)).toBe('a')
    expect(changes).toBe(1)
    two.close()
    await one.activate(draft('b'))
    expect(ruleOf(two)).toBe('a')
  })

  it('keeps the last 200 versions, and fewer when they are long', async () => {
    const book = await open(memoryDriver())
    for (let n = 1; n <= 205; n++) await book.activate(draft(`r${n}`))
    const versions = (await book.versions()).map(({ version }) => version)
    expect([versions.length, versions[0], versions.at(-2)]).toEqual([201, 205, 6])
    const description = 'x'.repeat(500)
    const rules = Array.from({ length: 7_000 }, (_, n) => ({ id: `r${n}`, effect: 'allow' as const, description }))
    for (let n = 0; n < 6; n++) {
      await book.activate(draft('x', { document: { rules: [...rules, { id: `last-${n}`, effect: 'allow' }] } }))
    }
    const texts = await book.versions()
    expect(texts.reduce((sum, { text }) => sum + text.length, 0)).toBeLessThanOrEqual(16 * 1_048_576)
    expect(texts.length).toBeLessThan(8)
    const huge = { rules: [...rules, ...rules.map((rule) => ({ ...rule, id: `${rule.id}b` }))] }
    await expect(book.activate(draft('x', { document: huge }))).rejects.toMatchObject({ code: 'payload_too_large' })
  })

  it('says what is wrong with a text that it cannot read, and can still be given another', async () => {
    const driver = memoryDriver()
    await (await open(driver)).activate(draft('a'))
    const [row] = await driver.list(policyRows.name)
    if (!row) throw new Error('There is no row.')
    const value = row.value as Record<string, string>
    await driver.put(policyRows.name, row.id, { ...value, text: '{"rules":[{}]}' })
    const changed = await open(driver)
    expect(changed.active()).toMatchObject({ document: undefined, problem: expect.stringContaining('not the one') })
    await driver.delete(policyRows.name, row.id)
    const lost = await open(driver)
    expect(lost.active()).toMatchObject({
      version: { version: 1 },
      problem: expect.stringContaining('not in the store'),
    })
    await lost.activate(draft('b'))
    expect(ruleOf(await open(driver))).toBe('b')
    expect((await driver.get(policyPointer.name, POINTER))?.value).toMatchObject({ version: 2 })
  })
})
