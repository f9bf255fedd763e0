import { stemsOf } from '../../catalog/search/words.ts'
import type { Clock } from '../../kernel/clock.ts'
import type { ToolId } from '../../kernel/tool.ts'

/** Watches searches and the calls after them: the words of a search that led to a call that worked are worth keeping. */
export interface AliasLearner {
  /** A principal was shown these tools for its words. */
  searched(principal: string, query: string, shown: readonly ToolId[]): void
  /** A call of the principal succeeded. */
  succeeded(principal: string, tool: ToolId): void
}

export interface AliasLearnerDeps {
  readonly clock: Clock
  /** Takes stems only, never the words of a query. */
  learn(tool: ToolId, stems: readonly string[]): void
}

/** How long after a search a call still counts as its success, milliseconds. */
const WINDOW_MS = 5 * 60_000
/** Principals whose last search is remembered; the oldest is forgotten first. */
const MOST_PRINCIPALS = 10_000

interface Search {
  readonly at: number
  readonly stems: readonly string[]
  readonly shown: ReadonlySet<ToolId>
}

/** Each search teaches one tool at most: the first of those shown that is called with success. */
export function aliasLearner({ clock, learn }: AliasLearnerDeps): AliasLearner {
  const last = new Map<string, Search>()
  return {
    searched(principal, query, shown) {
      last.delete(principal)
      const stems = teachable(query)
      if (stems.length === 0 || shown.length === 0) return
      last.set(principal, { at: clock(), stems, shown: new Set(shown) })
      const [oldest] = last.keys()
      if (last.size > MOST_PRINCIPALS && oldest !== undefined) last.delete(oldest)
    },
    succeeded(principal, tool) {
      const search = last.get(principal)
      if (search === undefined || !search.shown.has(tool)) return
      last.delete(principal)
      if (clock() - search.at <= WINDOW_MS) learn(tool, search.stems)
    },
  }
}

const QUOTED = /"[^"]*"|'[^']*'(?!\p{L})|`[^`]*`|[“„«][^”“»]*[”“»]/gu
/** Words with a digit, an @, a dot, a slash or an underscore inside: ids, addresses, names of files. */
const IDENTIFIER = /\S*[\p{N}@/\\_.:#]\S*\S/gu
/** A capital after the first word: mostly a name. */
const NAME = /(?<=\S\s+)\p{Lu}\S*/gu
const STEM = /^[\p{Ll}\p{Lo}]{3,20}$/u
const MOST_STEMS = 8

/** What of a query may be kept: plain words. Quoted text, identifiers, numbers and names may be private. */
export function teachable(query: string): readonly string[] {
  const plain = query.slice(0, 500).replaceAll(QUOTED, ' ').replaceAll(IDENTIFIER, ' ').replaceAll(NAME, ' ')
  return stemsOf(plain)
    .filter((stem) => STEM.test(stem))
    .slice(0, MOST_STEMS)
}
