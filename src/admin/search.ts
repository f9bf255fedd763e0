import { rank } from '../catalog/search/rank.ts'
import { firstSentence } from '../catalog/search/plain-text.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Tool } from '../kernel/tool.ts'
import { viewOf } from '../policy/view.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { principalOf, type Subject } from './subject.ts'

export interface AdminSearch extends Omit<Subject, 'agent'> {
  /** Whose eyes to look through; everything there is when left out. */
  readonly agent?: string | undefined
  readonly query: string
  /** 1 to 100. */
  readonly limit?: number | undefined
}

export interface SearchHit {
  readonly tool: string
  /** Only to be compared within one answer. */
  readonly score: number
  /** The query spells the tool's name. */
  readonly exact: boolean
  /** What each field gives; together the score before what names add. */
  readonly fields: Readonly<Record<string, number>>
  /** The share of the name's words that the query says, 0 to 1. */
  readonly nameCoverage: number
  /** The same of the connection's name and title. */
  readonly connectionCoverage: number
  readonly summary: string
}

export interface SearchReport {
  readonly hits: readonly SearchHit[]
  /** How many tools have any word of the query. */
  readonly matches: number
  /** Agents are told that nothing comes close. */
  readonly weak: boolean
}

const USUAL_LIMIT = 10
const MOST_SUMMARY = 120

/** What an agent finds for these words and why, best first; without an agent, what the whole catalog has. */
export async function searchCatalog(
  deps: AdminDeps,
  principal: Principal,
  { query, limit = USUAL_LIMIT, agent, ...subject }: AdminSearch,
): Promise<SearchReport> {
  return asAdmin(deps, principal, { type: 'tools.searched', kind: 'look' }, async () => {
    const snapshot = deps.snapshot()
    const seen = agent && viewOf(snapshot.policy, principalOf(snapshot, principal, { agent, ...subject })).tools
    const visible = seen && new Set(seen.map(({ id }) => id))
    const index = await deps.searchIndex(snapshot.catalog)
    const { hits, matches, weak } = rank(index, {
      query,
      limit,
      visible: ({ id }: Tool) => !visible || visible.has(id),
      explain: true,
    })
    return { matches, weak, hits: hits.map(toHit) }
  })
}

function toHit({ tool, score, exact, explanation }: ReturnType<typeof rank>['hits'][number]): SearchHit {
  const { description, title } = tool.definition
  return {
    tool: tool.id,
    score,
    exact,
    fields: explanation?.fields ?? {},
    nameCoverage: explanation?.nameCoverage ?? 0,
    connectionCoverage: explanation?.connectionCoverage ?? 0,
    summary: firstSentence(description ?? title ?? '', MOST_SUMMARY),
  }
}
