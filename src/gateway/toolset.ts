import type { Feature } from '../kernel/tool.ts'
import { isTool } from '../kernel/tool.ts'
import type { ToolSelector } from '../policy/selector-schema.ts'
import { compileToolSelector } from '../policy/tool-selector.ts'
import type { PolicyView } from '../policy/view.ts'
import { isBuiltIn } from './meta/definitions.ts'

/** A curated selection of tools. It never grants: it takes out of what policy lets somebody see. */
export interface Toolset {
  readonly name: string
  readonly title?: string | undefined
  /** The gateway's own tools are in every toolset. */
  has(feature: Feature): boolean
  /** What is left of a view. The same object as long as the view lives. */
  within(view: PolicyView): PolicyView
}

export type Toolsets = ReadonlyMap<string, Toolset>

interface ToolsetSpec {
  readonly title?: string | undefined
  readonly tools: ToolSelector
}

export const toToolsets = (specs: Readonly<Record<string, ToolsetSpec>>): Toolsets =>
  new Map(Object.entries(specs).map(([name, spec]) => [name, toToolset(name, spec)]))

function toToolset(name: string, { title, tools }: ToolsetSpec): Toolset {
  const selects = compileToolSelector(tools, true)
  const kept = new WeakMap<PolicyView, PolicyView>()
  const has = (feature: Feature): boolean => isBuiltIn(feature) || selects(feature)
  return {
    name,
    title,
    has,
    within(view) {
      const known = kept.get(view) ?? narrowed(view, name, has)
      kept.set(view, known)
      return known
    },
  }
}

function narrowed(view: PolicyView, name: string, has: Toolset['has']): PolicyView {
  const features = view.features.filter(has)
  return { signature: `${view.signature} ${name}`, features, tools: features.filter(isTool) }
}
