import type { Agent } from '../kernel/principal.ts'
import type { Tool } from '../kernel/tool.ts'

/** What rules may speak of. */
export interface PolicyWorld {
  /** All tools, in the catalog's order; views keep it. */
  readonly tools: readonly Tool[]
  readonly agents: readonly Agent[]
  readonly connections: readonly { readonly slug: string; readonly provider: string }[]
  /** Ids of providers that are installed but have no connection yet. */
  readonly providers?: readonly string[]
}
