import { FIELDS, type Weights } from './fields.ts'
import { countOf, fieldOf } from './postings.ts'
import type { Query, QueryTerm } from './query.ts'
import type { VisibleSet } from './visible-set.ts'

/** What a posting is worth before saturation: its field's weight, dampened by the field's length in that tool. */
export type PostingWorth = (posting: number, tool: number) => number

export interface Scores {
  /** By position; 0 where no word of the query stands. */
  readonly of: Float64Array
  /** The positions that have a score. */
  readonly touched: readonly number[]
}

/** BM25F of every visible tool: counts of all fields are weighted and summed, then saturated once per word. */
export function scored(set: VisibleSet, query: Query, weights: Weights): Scores {
  const worth = postingWorth(set, weights)
  const of = new Float64Array(set.mask.length)
  const touched: number[] = []
  const add = (tool: number, score: number): void => {
    if (of[tool] === 0) touched.push(tool)
    of[tool] = (of[tool] ?? 0) + score
  }
  for (const term of query.terms) scoreTerm(set, term, (tool, sum) => add(tool, saturated(sum, term, weights)), worth)
  return { of, touched }
}

export const saturated = (sum: number, { idf, weight }: QueryTerm, { k1 }: Weights): number =>
  (weight * idf * sum * (k1 + 1)) / (sum + k1)

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

/** Visits each visible tool that has the term once, with the worth of all its postings. */
function scoreTerm(
  { index: { byTerm }, mask }: VisibleSet,
  { term }: QueryTerm,
  visit: (tool: number, sum: number) => void,
  worth: PostingWorth,
): void {
  if (term === undefined) return
  const end = byTerm.starts[term + 1] ?? 0
  let at = byTerm.starts[term] ?? end
  while (at < end) {
    const tool = byTerm.tools[at] ?? 0
    const isVisible = mask[tool] === 1
    let sum = 0
    for (; at < end && byTerm.tools[at] === tool; at++) if (isVisible) sum += worth(byTerm.marks[at] ?? 0, tool)
    if (isVisible) visit(tool, sum)
  }
}
