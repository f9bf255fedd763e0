import { type Ranking, rank } from '../../../src/catalog/search/rank.ts'
import type { Weights } from '../../../src/catalog/search/fields.ts'
import type { SearchIndex } from '../../../src/catalog/search/search-index.ts'
import { visibleSet } from '../../../src/catalog/search/visible-set.ts'
import type { BenchQuery } from './data-set.ts'

/** Means over queries. `recall` counts the inner lists of gold that have a tool among the first k. */
export interface Quality {
  readonly queries: number
  readonly recallAt1: number
  readonly recallAt5: number
  readonly recallAt10: number
  readonly ndcgAt10: number
  readonly mrr: number
  /** How many were answered with the hint that nothing comes close. */
  readonly weak: number
}

/** What ranking makes of queries that have an answer. */
export function measureQuality(index: SearchIndex, queries: readonly BenchQuery[], weights?: Weights): Quality {
  const visible = visibleSet(index, () => true)
  const scores = queries
    .filter(({ gold }) => gold.length > 0)
    .map((query) => scoreOne(query, rank(index, { query: query.text, visible, limit: 10, weights })))
  const mean = (of: (score: Score) => number): number =>
    round(scores.reduce((sum, score) => sum + of(score), 0) / Math.max(scores.length, 1))
  return {
    queries: scores.length,
    recallAt1: mean(({ recall }) => recall(1)),
    recallAt5: mean(({ recall }) => recall(5)),
    recallAt10: mean(({ recall }) => recall(10)),
    ndcgAt10: mean(({ ndcg }) => ndcg),
    mrr: mean(({ first }) => (first === Infinity ? 0 : 1 / first)),
    weak: mean(({ weak }) => Number(weak)),
  }
}

interface Score {
  readonly recall: (k: number) => number
  readonly ndcg: number
  /** Place of the first right tool, from 1. */
  readonly first: number
  readonly weak: boolean
}

function scoreOne({ gold }: BenchQuery, { hits, weak }: Ranking): Score {
  const ids = hits.map(({ tool }) => tool.id)
  const places = gold.map((set) => Math.min(...set.map((id) => placeOf(ids, id))))
  const gain = places.reduce((sum, place) => sum + discount(place), 0)
  const ideal = places.slice(0, 10).reduce((sum, _, at) => sum + discount(at + 1), 0)
  return {
    recall: (k) => places.filter((place) => place <= k).length / places.length,
    ndcg: gain / ideal,
    first: Math.min(...places),
    weak,
  }
}

const placeOf = <T>(ids: readonly T[], id: T): number => (ids.includes(id) ? ids.indexOf(id) + 1 : Infinity)

const discount = (place: number): number => 1 / Math.log2(place + 1)

export const round = (value: number): number => Math.round(value * 1000) / 1000
