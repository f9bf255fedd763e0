import type { Risk, Tool } from '../kernel/tool.ts'
import { toGlob } from './glob.ts'
import type { ToolSelector } from './selector-schema.ts'

type Matches = (tool: Tool) => boolean

const RISKS: readonly Risk[] = ['low', 'medium', 'high', 'critical']

/** Whether a selector chooses a tool: every key must match, one value of a key is enough, `except` takes out. */
export function compileToolSelector(selector: ToolSelector | undefined): Matches {
  if (!selector) return () => true
  const keys = compileKeys(selector)
  const except = selector.except && compileKeys(selector.except)
  return (tool) => keys.every((matches) => matches(tool)) && !except?.every((matches) => matches(tool))
}

function compileKeys(selector: Omit<ToolSelector, 'except'>): readonly Matches[] {
  const { connections, providers, names, effects, external, tags, riskAtLeast } = selector
  return [
    connections && matching(connections, (tool) => tool.connection),
    providers && matching(providers, (tool) => tool.provider),
    names && matching(names, (tool) => tool.name),
    effects && ((tool: Tool) => effects.includes(tool.effect)),
    external === undefined ? undefined : (tool: Tool) => tool.external === external,
    tags && matchingAny(tags),
    riskAtLeast && ((tool: Tool) => RISKS.indexOf(tool.risk) >= RISKS.indexOf(riskAtLeast)),
  ].filter((matches) => matches !== undefined)
}

function matching(patterns: readonly string[], of: (tool: Tool) => string): Matches {
  const globs = patterns.map(toGlob)
  return (tool) => globs.some((matches) => matches(of(tool)))
}

function matchingAny(patterns: readonly string[]): Matches {
  const globs = patterns.map(toGlob)
  return (tool) => tool.tags.some((tag) => globs.some((matches) => matches(tag)))
}
