import type { Feature, Risk } from '../kernel/tool.ts'
import { toGlob } from './glob.ts'
import type { ToolSelector } from './selector-schema.ts'

type Matches = (tool: Feature) => boolean

const RISKS: readonly Risk[] = ['low', 'medium', 'high', 'critical']

/**
 * Whether a selector chooses a tool (or resource, template, prompt): every key must match, one value of a key is enough,
 * `except` takes out. A rule that grants says so when it means more than tools; one that restricts means everything.
 */
export function compileToolSelector(selector: ToolSelector, grants = false): Matches {
  const isNarrow = grants || selector.names !== undefined
  const kinds = selector.kinds ?? (isNarrow ? (['tool'] as const) : undefined)
  const keys = compileKeys({ ...selector, kinds })
  const except = selector.except && compileKeys(selector.except)
  return (tool) => keys.every((matches) => matches(tool)) && !except?.every((matches) => matches(tool))
}

function compileKeys(selector: Omit<ToolSelector, 'except'>): readonly Matches[] {
  const { kinds, connections, providers, names, effects, external, tags, riskAtLeast } = selector
  return [
    kinds && ((tool: Feature) => kinds.includes(tool.kind)),
    connections && matching(connections, (tool) => tool.connection),
    providers && matching(providers, (tool) => tool.provider),
    names && matching(names, (tool) => tool.name),
    effects && ((tool: Feature) => effects.includes(tool.effect)),
    external === undefined ? undefined : (tool: Feature) => tool.external === external,
    tags && matchingAny(tags),
    riskAtLeast && ((tool: Feature) => RISKS.indexOf(tool.risk) >= RISKS.indexOf(riskAtLeast)),
  ].filter((matches) => matches !== undefined)
}

function matching(patterns: readonly string[], of: (tool: Feature) => string): Matches {
  const globs = patterns.map(toGlob)
  return (tool) => globs.some((matches) => matches(of(tool)))
}

function matchingAny(patterns: readonly string[]): Matches {
  const globs = patterns.map(toGlob)
  return (tool) => tool.tags.some((tag) => globs.some((matches) => matches(tag)))
}
