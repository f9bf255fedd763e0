import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Page, type PageLimits, toPages } from '../../../src/gateway/list-pages.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'

const tool = (name: string, description = 'äö€'): JsonObject => ({ name, description })
const tools = (count: number): readonly JsonObject[] => Array.from({ length: count }, (_, index) => tool(`t${index}`))

/** As a client reads them: from the bytes, cursor after cursor. */
function read(items: readonly JsonObject[], limits: PageLimits = {}): readonly Page[] {
  const { first, byCursor } = toPages('tool', items, limits)
  const pages: Page[] = []
  for (let page = first; page; page = page.nextCursor === undefined ? undefined : byCursor.get(page.nextCursor)) {
    expect(JSON.parse(`{${page.bytes.toString()}}`)).toEqual({
      tools: page.items,
      ...(page.nextCursor !== undefined && { nextCursor: page.nextCursor }),
    })
    pages.push(page)
  }
  return pages
}

describe('the pages of a list', () => {
  it('hold thousands of tools of the usual size on the first one', () => {
    const usual = Array.from({ length: 5_000 }, (_, index) => tool(`t${index}`, 'x'.repeat(1_000)))
    expect(read(usual)).toHaveLength(1)
  })

  it('hold at most 10,000 features and 8 MB, so that every program reads them as a line', () => {
    expect(read(tools(10_001)).map(({ items }) => items.length)).toEqual([10_000, 1])
    const heavy = Array.from({ length: 20 }, (_, index) => tool(`t${index}`, '€'.repeat(300_000)))
    const pages = read(heavy)
    expect(pages.map(({ items }) => items.length)).toEqual([9, 9, 2])
    for (const { bytes } of pages) expect(bytes.byteLength).toBeLessThan(8 * 1024 * 1024 + 1_000)
  })

  it('give what is too large for a page one of its own', () => {
    const items = [tool('a'), tool('large', 'x'.repeat(500)), tool('b'), tool('c')]
    const pages = read(items, { pageBytes: 200 })
    expect(pages.map((page) => page.items.map(({ name }) => name))).toEqual([['a'], ['large'], ['b', 'c']])
  })

  it('are one empty page when there is nothing', () => {
    expect(read([]).map(({ items }) => items)).toEqual([[]])
  })

  it('hold all features once, in their order, within the limits', () => {
    const item = fc.record({ name: fc.string({ maxLength: 40 }), description: fc.string({ unit: 'binary' }) })
    const limits = fc.record({ pageSize: fc.integer({ min: 1, max: 5 }), pageBytes: fc.integer({ min: 1, max: 300 }) })
    fc.assert(
      fc.property(fc.array(item, { maxLength: 20 }), limits, (items, { pageSize, pageBytes }) => {
        const pages = read(items, { pageSize, pageBytes })
        expect(pages.flatMap((page) => page.items)).toEqual(items)
        for (const page of pages) {
          const bytes = Buffer.byteLength(page.items.map((one) => `${JSON.stringify(one)},`).join(''))
          expect(page.items.length === 1 || bytes <= pageBytes || items.length === 0).toBe(true)
          expect(page.items.length).toBeLessThanOrEqual(pageSize)
        }
      }),
    )
  })

  it('have cursors that mean nothing in a list with anything changed', () => {
    const [first] = read(tools(5), { pageSize: 2 })
    const cursor = first?.nextCursor ?? ''
    const again = toPages('tool', tools(5), { pageSize: 2 })
    const changed = toPages('tool', [...tools(4), tool('t4', 'new')], { pageSize: 2 })
    expect(again.byCursor.get(cursor)?.items).toEqual(tools(5).slice(2, 4))
    expect(changed.byCursor.get(cursor)).toBeUndefined()
    expect(again.byCursor.get('')).toBeUndefined()
  })
})
