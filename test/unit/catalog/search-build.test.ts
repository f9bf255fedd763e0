import { describe, expect, it } from 'vitest'
import { rank } from '../../../src/catalog/search/rank.ts'
import { buildInChunks, type SearchIndex, searchIndex } from '../../../src/catalog/search/search-index.ts'
import type { Tool } from '../../../src/kernel/tool.ts'
import { catalogOf, sourceTool } from '../../helpers/tools.ts'

const tools = (count: number): readonly Tool[] => [
  ...catalogOf(
    'shop',
    Array.from({ length: count }, (_, at) => sourceTool(`sell_thing_${at}`, {}, { description: `Sells thing ${at}.` })),
  ).tools.values(),
]
const top = (index: SearchIndex, query: string) =>
  rank(index, { query, visible: () => true, limit: 3 }).hits.map(({ tool, score }) => [tool.id, score])

const SLICE_MS = 5

/** How long each step takes, in milliseconds: the clock ends a slice after every one of them. */
async function stepsOf(many: readonly Tool[]): Promise<readonly number[]> {
  const times: number[] = []
  let now = 0
  let since = performance.now()
  const note = async () => {
    times.push(performance.now() - since)
    since = performance.now()
  }
  await buildInChunks(many, {}, { clock: () => (now += SLICE_MS), pause: note })
  await note()
  return times
}

describe('building an index in chunks', () => {
  it('pauses by the clock and makes the same index', async () => {
    let now = 0
    let pauses = 0
    const breath = { clock: () => (now += 1), pause: async () => void (pauses += 1) }
    const index = await buildInChunks(tools(100), {}, breath)
    expect(pauses).toBeGreaterThan(40)
    expect(index.byTerm).toEqual(searchIndex(tools(100)).byTerm)
  })

  it('never keeps the event loop for more than 20 ms: a slice is over after 5, and no step takes 15', async () => {
    const many = tools(5_000)
    const runs = [await stepsOf(many), await stepsOf(many), await stepsOf(many)]
    expect(new Set(runs.map(({ length }) => length)).size).toBe(1)
    expect(runs[0]?.length).toBeGreaterThanOrEqual(many.length * 3)
    // The steps are the same in each run; a busy machine would have to stop the same one three times.
    const shortest = (runs[0] ?? []).map((_, step) => Math.min(...runs.map((run) => run[step] ?? Infinity)))
    expect(Math.max(...shortest)).toBeLessThan(20 - SLICE_MS)
  })

  it('stops when it is aborted', async () => {
    const controller = new AbortController()
    const pause = async () => controller.abort(new Error('the catalog changed again'))
    const building = buildInChunks(
      tools(100),
      {},
      { clock: performance.now.bind(performance), pause, signal: AbortSignal.abort(new Error('stop')) },
    )
    await expect(building).rejects.toThrow('stop')
    let now = 0
    const later = buildInChunks(tools(100), {}, { clock: () => (now += 1), pause, signal: controller.signal })
    await expect(later).rejects.toThrow('the catalog changed again')
  })
})

describe('building on the index before', () => {
  it('reads a tool again when what is shown of it differs, though the fingerprint is the same', () => {
    const [tool] = tools(1)
    if (tool === undefined) throw new Error('no tool')
    const previous = searchIndex([tool])
    const overridden = { ...tool, definition: { ...tool.definition, description: 'Peddles gadgets.' } }
    expect(top(searchIndex([overridden], { previous }), 'gadgets')).toHaveLength(1)
    expect(top(searchIndex([overridden], { previous }), 'sells')).toEqual(top(searchIndex([overridden]), 'sells'))
    expect(top(searchIndex([tool], { previous }), 'gadgets')).toEqual([])
  })

  it('gives up the words of tools that are long gone', () => {
    const words = (from: number) => Array.from({ length: 600 }, (_, at) => `w${from + at}x`).join(' ')
    let index = searchIndex([])
    for (let round = 0; round < 60; round++) {
      const churned = catalogOf('shop', [sourceTool('sell', {}, { description: words(round * 600) })])
      index = searchIndex([...churned.tools.values()], { previous: index })
    }
    expect(index.vocabulary.size).toBeLessThan(25_000)
    expect(top(index, 'sell')).toHaveLength(1)
  })
})
