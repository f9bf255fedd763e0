import { FIELDS } from './fields.ts'
import { fieldOf, termOf } from './postings.ts'
import type { Query } from './query.ts'
import type { VisibleSet } from './visible-set.ts'

const NAME = FIELDS.indexOf('name')

/**
 * How much of a tool's name the query says, by idf, from 0 to 1; a synonym says it in part. It tells `create_issue` from
 * `create_issue_comment` when somebody wants an issue created.
 */
export function nameCoverage(set: VisibleSet, { asked }: Query): (tool: number) => number {
  const { postings, starts } = set.index.byTool
  return (tool) => {
    let all = 0
    let said = 0
    for (let at = starts[tool] ?? 0; at < (starts[tool + 1] ?? 0); at++) {
      const posting = postings[at] ?? 0
      if (fieldOf(posting) !== NAME) break
      const idf = set.idf[termOf(posting)] ?? set.idfOfUnknown
      all += idf
      said += idf * (asked.get(termOf(posting)) ?? 0)
    }
    return all === 0 ? 0 : said / all
  }
}
