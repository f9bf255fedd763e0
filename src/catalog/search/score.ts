import { FIELDS, type Weights } from './fields.ts'
import { countOf, fieldOf } from './postings.ts'
import type { Concept, Query } from './query.ts'
import type { VisibleSet } from './visible-set.ts'

/** What a posting is worth before saturation: its field's weight, dampened by the field's length in that tool. */
export type PostingWorth = (posting: number, tool: number) => number

export interface Scores {
  /** By position; 0 where no word of the query stands. */
  readonly of: Float64Array
  /** The positions that have a score. */
  readonly touched: readonly number[]
}

/**
 * BM25F of every visible tool: what a concept's words are worth in all fields is summed, then saturated once, so that a
 * tool cannot collect the synonyms of one word.
 */
export function scored(set: VisibleSet, query: Query, weights: Weights): Scores {
  const worth = postingWorth(set, weights)
  const of = new Float64Array(set.mask.length)
  const touched: number[] = []
  const sums = new Float64Array(set.mask.length)
  for (const concept of query.concepts) {
    for (const tool of collect(set, concept, worth, sums)) {
      if (of[tool] === 0) touched.push(tool)
      of[tool] = (of[tool] ?? 0) + saturated(sums[tool] ?? 0, concept, weights)
      sums[tool] = 0
    }
  }
  return { of, touched }
}

export const saturated = (sum: number, { idf }: Concept, { k1 }: Weights): number => (idf * sum * (k1 + 1)) / (sum + k1)

export function postingWorth({ index, averages }: VisibleSet, { fields }: Weights): PostingWorth {
  const { lengths } = index.byTool
  const width = FIELDS.length
  const weight = Float64Array.from(FIELDS, (field) => fields[field].weight)
  const fixed = Float64Array.from(FIELDS, (field) => 1 - fields[field].b)
  const perWord = Float64Array.from(FIELDS, (field, at) => fields[field].b / Math.max(averages[at] ?? 0, 1e-9))
  return (posting, tool) => {
    const field = fieldOf(posting)
    const norm = (fixed[field] ?? 1) + (perWord[field] ?? 0) * (lengths[tool * width + field] ?? 0)
    return ((weight[field] ?? 0) * countOf(posting)) / norm
  }
}

/** Adds the worth of a concept's postings to `sums` and says which visible tools have any. */
function collect(
  { index: { byTerm }, mask }: VisibleSet,
  { terms }: Concept,
  worth: PostingWorth,
  sums: Float64Array,
): readonly number[] {
  const found: number[] = []
  for (const [term, weight] of terms) {
    const end = byTerm.starts[term + 1] ?? 0
    for (let at = byTerm.starts[term] ?? end; at < end; at++) {
      const tool = byTerm.tools[at] ?? 0
      if (mask[tool] === 0) continue
      if (sums[tool] === 0) found.push(tool)
      sums[tool] = (sums[tool] ?? 0) + weight * worth(byTerm.marks[at] ?? 0, tool)
    }
  }
  return found
}
