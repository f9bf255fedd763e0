import { GatewayError } from '../../kernel/errors.ts'
import type { Tool } from '../../kernel/tool.ts'
import { exactName } from './exact-name.ts'
import { explained, type Explanation } from './explain.ts'
import { WEIGHTS, type Weights } from './fields.ts'
import { coverageOf } from './coverage.ts'
import { type Query, toQuery } from './query.ts'
import { scored } from './score.ts'
import type { SearchIndex } from './search-index.ts'
import { type VisibleSet, visibleSet } from './visible-set.ts'

export interface Search {
  readonly query: string
  /** What the asker may see. A ready set (`visibleSets`) spares the pass that a function costs. */
  readonly visible: VisibleSet | ((tool: Tool) => boolean)
  /** The most hits to give. */
  readonly limit: number
  readonly explain?: boolean | undefined
  /** For tuning; the house's own otherwise. */
  readonly weights?: Weights | undefined
}

export interface Hit {
  readonly tool: Tool
  /** For people who tune and explain; agents never see it. Scores of different queries do not compare. */
  readonly score: number
  /** The query spells this tool's name. Such hits come first. */
  readonly exact: boolean
  /** Present when the search asked for it. */
  readonly explanation?: Explanation
}

export interface Ranking {
  readonly hits: readonly Hit[]
  /** How many visible tools have any word of the query, or its name. */
  readonly matches: number
  /** The best hit explains too little of the query to be called a match: say so, and still show the hits. */
  readonly weak: boolean
}

/**
 * The visible tools that fit a query, best first, equal ones by id. Only visible tools and their statistics take part:
 * the answer is the one of a catalog without the hidden tools.
 */
export function rank(index: SearchIndex, { query: text, visible, limit, explain, weights = WEIGHTS }: Search): Ranking {
  const set = typeof visible === 'function' ? visibleSet(index, visible) : visible
  if (set.index !== index) throw new GatewayError('internal', 'The visible set was made of another index.')
  const query = toQuery(text, set, weights)
  const { best, matches } = find(set, text, query, { limit, weights })
  const explanationOf = explain === true ? explained(set, query, weights) : undefined
  return {
    hits: best.map(({ position, ...hit }) => (explanationOf ? { ...hit, explanation: explanationOf(position) } : hit)),
    matches,
    weak: isWeak(best[0], query, weights),
  }
}

interface Candidate extends Hit {
  readonly position: number
}

function find(set: VisibleSet, text: string, query: Query, { limit, weights }: { limit: number; weights: Weights }) {
  const scores = scored(set, query, weights)
  const raise = raiseOf(set, query, weights)
  const most = (1 + weights.nameCoverage) * (1 + weights.connectionCoverage)
  const exact = exactPositions(text, set)
  const best: Candidate[] = []
  const consider = (position: number): void => {
    const base = scores.of[position] ?? 0
    const tool = set.index.tools[position]
    const worst = best.length < limit ? undefined : best.at(-1)
    const isHopeless = worst !== undefined && base * most < worst.score
    if (isHopeless && !exact.has(position)) return
    if (tool === undefined) return
    const score = base * raise(position) * (query.isQuestion && changes(tool) ? weights.changing : 1)
    keepBest(best, { position, tool, score, exact: exact.has(position) }, limit)
  }
  const unscored = [...exact].filter((position) => scores.of[position] === 0)
  scores.touched.forEach(consider)
  unscored.forEach(consider)
  return { best, matches: scores.touched.length + unscored.length }
}

/** What is known to change something; of what is not classified nobody knows. */
const changes = ({ effect }: Tool): boolean => effect === 'write' || effect === 'destructive'

/** What a tool's score is multiplied with because the query calls it, or its connection, by name. */
export function raiseOf(set: VisibleSet, query: Query, weights: Weights): (tool: number) => number {
  const name = coverageOf('name', set, query)
  const connection = coverageOf('connection', set, query)
  return (tool) =>
    (1 + weights.nameCoverage * name(tool) ** 2) * (1 + weights.connectionCoverage * connection(tool) ** 2)
}

function exactPositions(text: string, { index, mask }: VisibleSet): ReadonlySet<number> {
  const isNamed = exactName(text)
  if (isNamed === undefined) return new Set()
  return new Set(index.tools.flatMap((tool, position) => (mask[position] === 1 && isNamed(tool) ? [position] : [])))
}

/** Inserts into the sorted list, which never grows beyond the limit. */
function keepBest(best: Candidate[], candidate: Candidate, limit: number): void {
  const worst = best.at(-1)
  if (best.length >= limit && (worst === undefined || compare(worst, candidate) < 0)) return
  let low = 0
  for (let high = best.length; low < high;) {
    const middle = (low + high) >>> 1
    const other = best[middle]
    if (other !== undefined && compare(other, candidate) < 0) low = middle + 1
    else high = middle
  }
  best.splice(low, 0, candidate)
  if (best.length > limit) best.pop()
}

const compare = (a: Candidate, b: Candidate): number =>
  Number(b.exact) - Number(a.exact) || b.score - a.score || (a.tool.id < b.tool.id ? -1 : 1)

const isWeak = (best: Hit | undefined, query: Query, { weakBelow }: Weights): boolean =>
  best === undefined || (!best.exact && best.score < weakBelow * query.mass)
