import { LRUCache } from 'lru-cache'
import { estimateTokens } from '../catalog/search/estimate-tokens.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { NameStyle, SchemaStyle, ToolMode } from '../kernel/principal.ts'
import type { Feature } from '../kernel/tool.ts'
import { toGlob } from '../policy/glob.ts'
import type { PolicyView } from '../policy/view.ts'
import { FINDING, isBuiltIn, isFinding } from './meta/definitions.ts'

/** How an agent's lists look. */
export interface Presentation {
  readonly style: NameStyle
  readonly mode: ToolMode
  readonly pinned: readonly string[]
  readonly schemas: SchemaStyle
  /** The list is of a toolset. */
  readonly isCurated: boolean
}

export type ListMode = Exclude<ToolMode, 'auto'>

/** Beyond this, choosing among tools gets worse and their definitions cost more than looking them up. */
const MOST_TOOLS = 60
const MOST_TOKENS = 10_000
/** `auto` changes its mind only when it is clear: a tool more or less must not turn a list over. */
const SLACK = 0.2
const MODES_KEPT = 4_000

/** What `auto` came to, by view and presentation. It follows from configuration and policy, never from a session. */
export type AutoModes = (key: string, listed: () => readonly Feature[]) => ListMode

export function autoModes(toAdvertised: (feature: Feature) => JsonObject): AutoModes {
  const before = new LRUCache<string, ListMode>({ max: MODES_KEPT })
  return (key, listed) => {
    const factor = { full: 1 + SLACK, search: 1 - SLACK, both: 1 - SLACK }
    const last = before.get(key)
    const mode = fits(listed(), last === undefined ? 1 : factor[last], toAdvertised) ? 'full' : 'search'
    before.set(key, mode)
    return mode
  }
}

function fits(tools: readonly Feature[], factor: number, toAdvertised: (feature: Feature) => JsonObject): boolean {
  if (tools.length > MOST_TOOLS * factor) return false
  const tokens = tools.reduce((sum, tool) => sum + estimateTokens(toAdvertised(tool)), 0)
  return tokens <= MOST_TOKENS * factor
}

/** The mode that a view can bear: without the tools to search and call, or without prefixes, everything is listed. */
export function possibleMode({ tools }: PolicyView, mode: ToolMode, style: NameStyle): ToolMode {
  const names = new Set(tools.filter(isBuiltIn).map(({ name }) => name))
  const canSearch = names.has(FINDING.search) && names.has(FINDING.call)
  return style === 'plain' || !canSearch ? 'full' : mode
}

/** Those of the visible tools that stand in the list. */
export function listedTools(
  tools: readonly Feature[],
  mode: ListMode,
  { style, pinned, isCurated }: Presentation,
): readonly Feature[] {
  if (style === 'plain') return tools.filter((tool) => !isBuiltIn(tool))
  if (mode === 'full') return tools.filter((tool) => !isFinding(tool))
  const globs = pinned.map(toGlob)
  const all = mode === 'both' && (isCurated || globs.length === 0)
  return tools.filter((tool) => all || isBuiltIn(tool) || globs.some((matches) => matches(tool.id)))
}
