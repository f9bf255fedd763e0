import { rank } from '../../catalog/search/rank.ts'
import type { SearchIndex } from '../../catalog/search/search-index.ts'
import type { VisibleSets } from '../../catalog/search/visible-set.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import type { Exchange } from '../../kernel/exchange.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Tool, ToolResult } from '../../kernel/tool.ts'
import type { PolicyView } from '../../policy/view.ts'
import { connectionsOf } from '../advertised.ts'
import type { Snapshot } from '../snapshot.ts'
import { viewFor } from '../view-for.ts'
import { type Detail, toAnswer } from './answer.ts'
import type { AliasLearner } from './alias-learner.ts'
import { isBuiltIn, USUAL_HITS } from './definitions.ts'
import { textResult } from './text-result.ts'

export interface SearchDeps {
  snapshot(): Snapshot
  index(catalog: Catalog): Promise<SearchIndex>
  readonly sets: VisibleSets
  /** Hears which words led to which tools; absent when nothing is to be learned. */
  readonly learner?: AliasLearner | undefined
  /** A name for each view, for as long as it lives: signatures of different policies may be alike. */
  keyOf(view: PolicyView): string
}

/** The arguments of `search_tools`, as its schema has let them through. */
interface Asked {
  readonly query: string
  readonly connection: string | undefined
  readonly limit: number
  readonly detail: Detail
  readonly offset: number
}

/** Deeper pages of a search help nobody. */
const MOST_OFFSET = 10_000
const MOST_NAMED = 40

/**
 * Finds tools by words, or lists those of a connection. Only what the caller may see takes part, in results, counts and
 * hints alike: the answer is the one of a catalog without the hidden tools.
 */
export async function searchTools(deps: SearchDeps, input: JsonObject, exchange: Exchange): Promise<ToolResult> {
  const snapshot = deps.snapshot()
  const view = viewFor(snapshot, exchange)
  const asked = toAsked(input)
  const isMeant = (tool: Tool): boolean => !isBuiltIn(tool) && isIn(asked.connection, tool)
  if (!view.tools.some(isMeant)) return textResult(nothingThere(view, asked))
  if (asked.query === '') return browse(view, view.tools.filter(isMeant), asked)
  const index = await deps.index(snapshot.catalog)
  const set = deps.sets.of(index, `${deps.keyOf(view)} ${asked.connection ?? ''}`, among(view, isMeant))
  const { hits, weak } = rank(index, { query: asked.query, visible: set, limit: asked.offset + asked.limit + 1 })
  const found = hits.slice(asked.offset, asked.offset + asked.limit)
  if (found.length === 0) return textResult(noMatch(view))
  deps.learner?.searched(
    exchange.principal.id,
    asked.query,
    found.map(({ tool }) => tool.id),
  )
  const isClear = asked.offset === 0 && !weak && isAhead(hits)
  return textResult(
    toAnswer({
      tools: found.map(({ tool }) => snapshot.catalog.tools.get(tool.id) ?? tool),
      detail: asked.detail,
      schemaOfFirst: isClear,
      next: hits.length > asked.offset + asked.limit ? asked.offset + asked.limit : undefined,
      ...(weak && { hint: `No close match. ${elsewhere(view)}` }),
    }),
  )
}

/** Those of the view that are meant, found by id when the first is asked for. */
function among({ tools }: PolicyView, isMeant: (tool: Tool) => boolean): (tool: Tool) => boolean {
  let ids: ReadonlySet<string> | undefined
  return ({ id }) => {
    ids ??= new Set(tools.filter(isMeant).map((tool) => tool.id))
    return ids.has(id)
  }
}

/** How far ahead the best hit must be to be taken for the one that was meant. */
const CLEAR_LEAD = 0.25

function isAhead([best, second]: readonly { readonly score: number; readonly exact: boolean }[]): boolean {
  if (!best) return false
  if (!second || (best.exact && !second.exact)) return true
  return !second.exact && best.score - second.score >= CLEAR_LEAD * best.score
}

function toAsked({ query, connection, limit, detail, cursor }: JsonObject): Asked {
  const words = typeof query === 'string' ? query.trim() : ''
  const place = typeof connection === 'string' && connection !== '' ? connection : undefined
  return {
    query: words,
    connection: place,
    limit: typeof limit === 'number' ? limit : words === '' ? MOST_LISTED : USUAL_HITS,
    detail: detail === 'names' || detail === 'schemas' || detail === 'signatures' ? detail : usualDetail(words),
    offset: typeof cursor === 'string' && /^[0-9]{1,6}$/.test(cursor) ? Math.min(Number(cursor), MOST_OFFSET) : 0,
  }
}

const MOST_LISTED = 20
const usualDetail = (query: string): Detail => (query === '' ? 'names' : 'signatures')

const isIn = (connection: string | undefined, tool: Tool): boolean =>
  connection === undefined || tool.connection === connection

function browse(view: PolicyView, tools: readonly Tool[], { connection, offset, limit, detail }: Asked): ToolResult {
  if (connection === undefined) return textResult(overview(view, tools))
  const page = tools.slice(offset, offset + limit)
  const next = offset + limit < tools.length ? offset + limit : undefined
  if (page.length === 0) return textResult(`There is nothing more in ${connection}.`)
  return textResult(toAnswer({ tools: page, detail, schemaOfFirst: false, next }))
}

/** Without words and connection there is still something to say: where one could look. */
function overview(view: PolicyView, tools: readonly Tool[]): string {
  const counts = new Map<string, number>()
  for (const { connection } of tools) counts.set(connection, (counts.get(connection) ?? 0) + 1)
  const lines = connectionsOf(view.tools).map((name) => `${name}: ${counts.get(name) ?? 0} tools`)
  const more = lines.length > MOST_NAMED ? [`and ${lines.length - MOST_NAMED} more`] : []
  return ['Give a query, or one of these connections to list its tools.', ...lines.slice(0, MOST_NAMED), ...more].join(
    '\n',
  )
}

function nothingThere(view: PolicyView, { connection }: Asked): string {
  if (connectionsOf(view.tools).length === 0)
    return 'You see no tools of any connection. The tool status says why that may be.'
  return `You see no tools of a connection "${(connection ?? '').slice(0, 100)}". ${elsewhere(view)}`
}

const noMatch = (view: PolicyView): string => `No tool has these words. ${elsewhere(view)}`

function elsewhere({ tools }: PolicyView): string {
  const names = connectionsOf(tools)
  const more = names.length > MOST_NAMED ? ', …' : ''
  return `Try other words (action and object), or list a connection: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`
}
