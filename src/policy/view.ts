import type { Principal } from '../kernel/principal.ts'
import type { Feature, Tool } from '../kernel/tool.ts'
import type { CompiledPolicy } from './compiled-policy.ts'

export interface PolicyView {
  /** The same text for principals about whom the same rules are: a key for what is derived from `tools`. */
  readonly signature: string
  /** The tools that the principal may see, in the catalog's order. The same array until the policy changes. */
  readonly tools: readonly Tool[]
  /** The tools, resources, templates and prompts that the principal may see, in the catalog's order. */
  readonly features: readonly Feature[]
}

/** What a principal may see. Cached: nanoseconds for a principal seen before, microseconds for one that is like it. */
export const viewOf = (policy: CompiledPolicy, principal: Principal): PolicyView => policy.find(principal)
