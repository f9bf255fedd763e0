import type { Feature } from '../kernel/tool.ts'
import { isGlob } from './glob.ts'
import type { ToolSelector } from './selector-schema.ts'
import { compileToolSelector } from './tool-selector.ts'

/** Finds the tools of a selector without asking every tool. Places are positions in the catalog's order, ascending. */
export interface ToolIndex {
  readonly tools: readonly Feature[]
  /** `grants`: the selector is of a rule that allows. */
  placesOf(selector: ToolSelector | undefined, grants: boolean): Uint32Array
  /** Undefined for a tool that is not in the catalog, or that differs there in anything that rules look at. */
  placeOf(tool: Feature): number | undefined
}

/** The place of no tool. */
export const NOWHERE = -1

/** Indexes the tools of one catalog by connection and provider. Rules with the same selector share one answer. */
export function indexTools(tools: readonly Feature[]): ToolIndex {
  const all = Uint32Array.from(tools.keys())
  const byConnection = groupPlaces(tools, (tool) => tool.connection)
  const byProvider = groupPlaces(tools, (tool) => tool.provider)
  const byId = new Map(tools.map((tool, place) => [tool.id, place]))
  const answers = new Map<string, Uint32Array>()

  const candidates = ({ connections, providers }: ToolSelector): Uint32Array | readonly number[] => {
    if (connections && !connections.some(isGlob)) return union(connections, byConnection)
    if (providers && !providers.some(isGlob)) return union(providers, byProvider)
    return all
  }

  const search = (selector: ToolSelector, grants: boolean): Uint32Array => {
    const matches = compileToolSelector(selector, grants)
    return Uint32Array.from([...candidates(selector)].filter((place) => isMatch(tools[place], matches)))
  }

  return {
    tools,
    placesOf: (selector, grants) => {
      if (!selector) return all
      const key = JSON.stringify([grants, selector])
      const places = answers.get(key) ?? search(selector, grants)
      answers.set(key, places)
      return places
    },
    placeOf: (tool) => {
      const place = byId.get(tool.id)
      const known = place === undefined ? undefined : tools[place]
      return known && (known === tool || isSameTool(known, tool)) ? place : undefined
    },
  }
}

const GOVERNED = [
  'kind',
  'connection',
  'provider',
  'owner',
  'name',
  'effect',
  'external',
  'risk',
  'fingerprint',
  'quarantined',
] as const

const isSameTool = (a: Feature, b: Feature): boolean =>
  GOVERNED.every((key) => a[key] === b[key]) && a.tags.join('\n') === b.tags.join('\n')

const isMatch = (tool: Feature | undefined, matches: (tool: Feature) => boolean): boolean =>
  tool !== undefined && matches(tool)

function groupPlaces(
  tools: readonly Feature[],
  keyOf: (tool: Feature) => string,
): ReadonlyMap<string, readonly number[]> {
  const groups = new Map<string, number[]>()
  for (const [place, tool] of tools.entries()) {
    const group = groups.get(keyOf(tool))
    if (group) group.push(place)
    else groups.set(keyOf(tool), [place])
  }
  return groups
}

const union = (keys: readonly string[], groups: ReadonlyMap<string, readonly number[]>): readonly number[] =>
  [...new Set(keys)].flatMap((key) => groups.get(key) ?? []).sort((a, b) => a - b)
