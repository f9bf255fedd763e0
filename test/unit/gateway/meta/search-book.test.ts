import { describe, expect, it } from 'vitest'
import { buildCatalog, type Catalog } from '../../../../src/catalog/catalog.ts'
import { rank } from '../../../../src/catalog/search/rank.ts'
import { builtInInput } from '../../../../src/gateway/meta/definitions.ts'
import { searchBook } from '../../../../src/gateway/meta/search-book.ts'
import { sourceTool } from '../../../helpers/tools.ts'

const catalogOf = (count: number, description = 'Does it.'): Catalog => {
  const tools = Array.from({ length: count }, (_, n) => sourceTool(`do_${n}`, {}, { description }))
  return buildCatalog([builtInInput, { connection: 'many', provider: 'mcp', identity: 'many', tools }], new Map())
}

/** Counts how often the build lets others run; time passes by a millisecond with every look at the clock. */
function counted() {
  const seen = { pauses: 0 }
  let now = 0
  const pause = (): Promise<void> => {
    seen.pauses++
    return new Promise((resolve) => void setImmediate(resolve))
  }
  return { seen, book: searchBook({ clock: () => now++, pause }) }
}

describe('the book of search indexes', () => {
  it('indexes a catalog once, in slices, without the gateway’s own tools', async () => {
    const { seen, book } = counted()
    const catalog = catalogOf(100)
    const [first, second] = await Promise.all([book.of(catalog), book.of(catalog)])
    expect(first).toBe(second)
    expect(first.tools).toHaveLength(100)
    expect(seen.pauses).toBeGreaterThan(10)
    const { hits } = rank(first, { query: 'search_tools', visible: () => true, limit: 5 })
    expect(hits.map(({ tool }) => tool.connection)).not.toContain('gatehouse')
  })

  it('takes the index of an equal catalog over', async () => {
    const { book } = counted()
    expect(await book.of(catalogOf(10))).toBe(await book.of(catalogOf(10)))
    expect(await book.of(catalogOf(10, 'Does something else.'))).not.toBe(await book.of(catalogOf(10)))
  })

  it('leaves out catalogs that were replaced before their turn', async () => {
    const { seen, book } = counted()
    await book.of(catalogOf(50))
    const before = seen.pauses
    const newest = catalogOf(70)
    for (const count of [60, 61, 62, 63]) book.follow(catalogOf(count))
    book.follow(newest)
    await expect.poll(() => seen.pauses).toBeGreaterThan(before)
    expect((await book.of(newest)).tools).toHaveLength(70)
    expect(seen.pauses - before).toBeLessThan(2 * before)
  })

  it('finds words of a catalog that came while another was indexed', async () => {
    const { book } = counted()
    const [old, fresh] = [catalogOf(200), catalogOf(3, 'Waters the flowers.')]
    const [, index] = await Promise.all([book.of(old), book.of(fresh)])
    expect(rank(index, { query: 'flowers', visible: () => true, limit: 5 }).hits).toHaveLength(3)
    expect(rank(await book.of(old), { query: 'flowers', visible: () => true, limit: 5 }).hits).toHaveLength(0)
  })

  it('tries again after a failure', async () => {
    let fails = true
    const book = searchBook({
      clock: () => performance.now() + (fails ? Math.random() * 100 : 0),
      pause: () => (fails ? Promise.reject(new Error('no turn')) : Promise.resolve()),
    })
    const catalog = catalogOf(500)
    await expect(book.of(catalog)).rejects.toThrow('no turn')
    fails = false
    expect((await book.of(catalog)).tools).toHaveLength(500)
  })
})
