import { rank } from '../../../src/catalog/search/rank.ts'
import { type SearchIndex, searchIndex } from '../../../src/catalog/search/search-index.ts'
import { visibleSet } from '../../../src/catalog/search/visible-set.ts'
import { measureAliases } from './aliases.ts'
import { type AnswerTokens, measureAnswers } from './answers.ts'
import type { BenchQuery, DataSet } from './data-set.ts'
import { measureQuality, type Quality, round } from './quality.ts'

export interface SetFigures {
  readonly set: string
  readonly tools: number
  /** By split of the set, then by whether weights may have been chosen by the queries. */
  readonly quality: Readonly<Record<string, { readonly tune: Quality; readonly heldOut: Quality }>>
  readonly answers: AnswerTokens
  /** Of the queries that no tool answers, how many were told so. */
  readonly nothingFits?: { readonly queries: number; readonly flagged: number }
  readonly aliases?: Readonly<Record<string, Quality>>
}

const ALIASES = [0, 1, 3, 5]

/** All that is measured of one set. */
export function measureSet(set: DataSet): SetFigures {
  const index = searchIndex(set.tools, set)
  const answered = set.queries.filter(({ gold }) => gold.length > 0)
  const splits = [...new Set(answered.map(({ split }) => split))]
  const aliases = set.name === 'metatool' ? aliasFigures(set) : undefined
  const nothingFits = flagged(
    index,
    set.queries.filter(({ gold }) => gold.length === 0),
  )
  return {
    set: set.name,
    tools: set.tools.length,
    quality: {
      ...Object.fromEntries(
        splits.map((split) => [
          split,
          bothParts(
            index,
            answered.filter((query) => query.split === split),
          ),
        ]),
      ),
      // Its splits are rounds of writing, not kinds of questions.
      ...(set.name === 'own' ? { all: bothParts(index, answered) } : {}),
    },
    answers: measureAnswers(index, set),
    ...(nothingFits.queries > 0 ? { nothingFits } : {}),
    ...(aliases ? { aliases } : {}),
  }
}

const bothParts = (index: SearchIndex, queries: readonly BenchQuery[]) => ({
  tune: measureQuality(
    index,
    queries.filter(({ isTune }) => isTune),
  ),
  heldOut: measureQuality(
    index,
    queries.filter(({ isTune }) => !isTune),
  ),
})

const aliasFigures = (set: DataSet) =>
  Object.fromEntries(ALIASES.map((perTool) => [String(perTool), measureAliases(set, 'single', perTool)]))

function flagged(index: SearchIndex, queries: readonly BenchQuery[]) {
  const visible = visibleSet(index, () => true)
  const weak = queries.filter(({ text }) => rank(index, { query: text, visible, limit: 1 }).weak)
  return { queries: queries.length, flagged: round(weak.length / Math.max(queries.length, 1)) }
}
