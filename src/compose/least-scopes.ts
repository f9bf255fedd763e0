import type { Config } from '../config/schema.ts'
import { isTool } from '../kernel/tool.ts'
import type { Agent } from '../kernel/principal.ts'
import { type CompiledPolicy, compilePolicy, type CompileOptions } from '../policy/compile.ts'
import { isUnconditional } from '../policy/rule.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import { declaredWorld } from './connections.ts'
import type { Shelf } from './shelf.ts'

export interface AllowedParts {
  /** With the managed connections. */
  readonly config: Config
  readonly agents: Iterable<Agent>
  /** The policy in force. */
  readonly document: PolicyDocument
  readonly shelf: Pick<Shelf, 'get'>
  readonly options?: CompileOptions
}

/**
 * The actions of a provider's connection that policy lets anybody see, by the manifest and not by what is connected: the
 * question is asked before anything is.
 */
export function allowedActions(
  { config, agents, document, shelf, options }: AllowedParts,
  connection: string,
): readonly string[] {
  const { policy } = compilePolicy(document, declaredWorld(config, agents, shelf), { ...options, tolerant: true })
  return policy.index.tools.flatMap((tool, place) =>
    tool.connection === connection && isTool(tool) && isForSomebody(policy, place) ? [tool.name] : [],
  )
}

/** A rule lets somebody see it, and none hides it from everybody. */
function isForSomebody({ rules }: CompiledPolicy, place: number): boolean {
  const about = rules.filter(({ spec, places }) => spec.mode !== 'shadow' && places.includes(place))
  const isHidden = about.some((rule) => rule.effect === 'deny' && isUnconditional(rule) && !rule.spec.subjects)
  return !isHidden && about.some(({ effect }) => effect === 'allow')
}
