import type { Aliases } from '../../../src/catalog/search/tool-texts.ts'
import { searchIndex } from '../../../src/catalog/search/search-index.ts'
import { stemsOf } from '../../../src/catalog/search/words.ts'
import type { ToolId } from '../../../src/kernel/tool.ts'
import type { BenchQuery, DataSet } from './data-set.ts'
import { measureQuality, type Quality } from './quality.ts'

/**
 * What past queries are worth: up to `perTool` queries of each tool are its aliases (those of the tune split first), the
 * other held-out queries are asked. Only queries with one right tool take part.
 */
export function measureAliases(set: DataSet, split: string, perTool: number): Quality {
  const asked = new Map<ToolId, BenchQuery[]>()
  const queries = set.queries.filter((query) => query.split === split && query.gold.flat().length === 1)
  for (const query of queries.toSorted((a, b) => Number(b.isTune) - Number(a.isTune))) {
    for (const id of query.gold.flat()) asked.set(id, [...(asked.get(id) ?? []), query])
  }
  const past = new Map([...asked].map(([id, all]) => [id, all.slice(0, perTool)]))
  const aliases = new Map<ToolId, Aliases>(
    [...past].map(([id, known]) => [id, { stems: known.flatMap(({ text }) => stemsOf(text)) }]),
  )
  const known = new Set([...past.values()].flat())
  const index = searchIndex(set.tools, { connections: set.connections, aliases })
  return measureQuality(
    index,
    queries.filter((query) => !query.isTune && !known.has(query)),
  )
}
