import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { type Compilation, type CompileOptions, compilePolicy } from '../policy/compile.ts'
import { mergeDocuments } from '../policy/merge.ts'
import type { PolicyDocument } from '../policy/schema.ts'
import type { PolicyWorld } from '../policy/world.ts'

/** The two documents that are evaluated together. */
export interface PolicyLayers {
  readonly declared: PolicyDocument
  readonly managed: PolicyDocument
}

export interface LayerOptions extends Omit<CompileOptions, 'origins' | 'tolerant'> {
  /**
   * Whether the part of the policy that a problem is in was accepted before. A name in it that has come to stand for nothing
   * is then a warning and selects nothing: an agent or tool that goes must not keep anybody from saving, or us from starting.
   */
  readonly accepted: (problem: JsonObject) => boolean
}

/**
 * Both documents as one policy. New parts are read strictly, accepted ones tolerantly. Throws `policy_invalid` with
 * every problem in `data.problems`, each with the `origin` of its document.
 */
export function compileLayers(
  { declared, managed }: PolicyLayers,
  world: PolicyWorld,
  { accepted, ...options }: LayerOptions,
): Compilation {
  const { document, origins } = mergeDocuments(declared, managed)
  try {
    return compilePolicy(document, world, { ...options, origins })
  } catch (error) {
    if (!problemsOf(error).every(accepted)) throw error
    return compilePolicy(document, world, { ...options, origins, tolerant: true })
  }
}

/** The problems of a policy that cannot be used; one that nobody accepts for any other failure. */
export function problemsOf(error: unknown): readonly JsonObject[] {
  const problems = error instanceof GatewayError && error.code === 'policy_invalid' ? error.data['problems'] : undefined
  const known = Array.isArray(problems) ? problems.filter(isJsonObject) : []
  return known.length > 0 ? known : [{}]
}
