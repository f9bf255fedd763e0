import type { Agent } from '../kernel/principal.ts'
import type { Feature } from '../kernel/tool.ts'

/** What rules may speak of. */
export interface PolicyWorld {
  /** All tools, resources, templates and prompts, in the catalog's order; views keep it. */
  readonly tools: readonly Feature[]
  readonly agents: readonly Agent[]
  readonly connections: readonly { readonly slug: string; readonly provider: string }[]
  /** Ids of providers that are installed but have no connection yet. */
  readonly providers?: readonly string[]
}
