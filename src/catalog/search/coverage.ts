import { type Field, FIELDS } from './fields.ts'
import { fieldOf, termOf } from './postings.ts'
import type { Query } from './query.ts'
import type { VisibleSet } from './visible-set.ts'

/**
 * How much of a field of a tool the query says, by idf, from 0 to 1; a synonym says it in part. Of the name it tells
 * `create_issue` from `create_issue_comment` when somebody wants an issue created; of the connection it tells whose
 * issues are meant.
 */
export function coverageOf(field: Field, set: VisibleSet, { asked }: Query): (tool: number) => number {
  const { postings, starts } = set.index.byTool
  const wanted = FIELDS.indexOf(field)
  return (tool) => {
    let all = 0
    let said = 0
    for (let at = starts[tool] ?? 0; at < (starts[tool + 1] ?? 0); at++) {
      const posting = postings[at] ?? 0
      const found = fieldOf(posting)
      if (found > wanted) break
      if (found < wanted) continue
      const idf = set.idf[termOf(posting)] ?? set.idfOfUnknown
      all += idf
      said += idf * (asked.get(termOf(posting)) ?? 0)
    }
    return all === 0 ? 0 : said / all
  }
}
