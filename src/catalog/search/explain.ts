import { FIELDS, type Field, type Weights } from './fields.ts'
import { nameCoverage } from './name-coverage.ts'
import { fieldOf, termOf } from './postings.ts'
import type { Query } from './query.ts'
import { postingWorth, saturated } from './score.ts'
import type { VisibleSet } from './visible-set.ts'

/** Where a score comes from. The fields add up to the score before name coverage. */
export interface Explanation {
  readonly fields: Readonly<Partial<Record<Field, number>>>
  /** The share of the name's words that the query says, 0 to 1. */
  readonly nameCoverage: number
}

/** Shares each word's part of the score out to the fields it stands in, by their worth there. */
export function explained(set: VisibleSet, query: Query, weights: Weights): (tool: number) => Explanation {
  const worth = postingWorth(set, weights)
  const coverage = nameCoverage(set, query)
  const terms = new Map(query.terms.map((term) => [term.term, term]))
  return (tool) => {
    const sums = new Map<number, number>()
    const found = postingsOf(set, tool).filter((posting) => terms.has(termOf(posting)))
    for (const posting of found) add(sums, termOf(posting), worth(posting, tool))
    const fields = new Map<number, number>()
    for (const posting of found) {
      const term = terms.get(termOf(posting))
      const sum = sums.get(termOf(posting)) ?? 0
      if (term && sum > 0) add(fields, fieldOf(posting), (saturated(sum, term, weights) * worth(posting, tool)) / sum)
    }
    return {
      fields: Object.fromEntries([...fields].map(([field, part]) => [FIELDS[field], part])),
      nameCoverage: coverage(tool),
    }
  }
}

const postingsOf = ({ index: { byTool } }: VisibleSet, tool: number): readonly number[] => [
  ...byTool.postings.subarray(byTool.starts[tool], byTool.starts[tool + 1]),
]

const add = (sums: Map<number, number>, key: number, value: number): void =>
  void sums.set(key, (sums.get(key) ?? 0) + value)
