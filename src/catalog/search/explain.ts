import { coverageOf } from './coverage.ts'
import { FIELDS, type Field, type Weights } from './fields.ts'
import { fieldOf, termOf } from './postings.ts'
import type { Concept, Query } from './query.ts'
import { postingWorth, saturated } from './score.ts'
import type { VisibleSet } from './visible-set.ts'

/** Where a score comes from. The fields add up to the score before what names add and questions take away. */
export interface Explanation {
  readonly fields: Readonly<Partial<Record<Field, number>>>
  /** The share of the name's words that the query says, 0 to 1. */
  readonly nameCoverage: number
  /** The same of the connection's name and title. */
  readonly connectionCoverage: number
}

/** Shares each concept's part of the score out to the fields it stands in, by their worth there. */
export function explained(set: VisibleSet, query: Query, weights: Weights): (tool: number) => Explanation {
  const worth = postingWorth(set, weights)
  const name = coverageOf('name', set, query)
  const connection = coverageOf('connection', set, query)
  const parts = ({ terms }: Concept, tool: number): readonly (readonly [field: number, worth: number])[] =>
    postingsOf(set, tool).flatMap((posting) => {
      const weight = terms.get(termOf(posting))
      return weight === undefined ? [] : [[fieldOf(posting), weight * worth(posting, tool)]]
    })
  return (tool) => {
    const fields = new Map<number, number>()
    for (const concept of query.concepts) {
      const found = parts(concept, tool)
      const sum = found.reduce((total, [, part]) => total + part, 0)
      const score = saturated(sum, concept, weights)
      for (const [field, part] of found) fields.set(field, (fields.get(field) ?? 0) + (score * part) / sum)
    }
    return {
      fields: Object.fromEntries([...fields].map(([field, part]) => [FIELDS[field], part])),
      nameCoverage: name(tool),
      connectionCoverage: connection(tool),
    }
  }
}

const postingsOf = ({ index: { byTool } }: VisibleSet, tool: number): readonly number[] => [
  ...byTool.postings.subarray(byTool.starts[tool], byTool.starts[tool + 1]),
]
