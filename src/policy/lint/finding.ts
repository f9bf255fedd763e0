import type { PolicyProblem } from '../problem.ts'

/** What lint looks for, and how grave each is. */
export const FINDINGS = {
  selects_no_tool: 'warning',
  never_decides: 'warning',
  redundant: 'info',
  rule_expired: 'info',
  window_empty: 'warning',
  argument_missing: 'warning',
  argument_optional: 'info',
  send_without_limits: 'warning',
  approvers_empty: 'error',
  quorum_unreachable: 'error',
  approvers_only_self: 'error',
  limit_shared: 'info',
  tool_unreachable: 'info',
  agent_destructive: 'warning',
  unclassified_reachable: 'warning',
  toxic_flow: 'warning',
  open_elsewhere: 'warning',
} as const satisfies Record<string, 'error' | 'warning' | 'info'>

export type FindingCode = keyof typeof FINDINGS

/** Something that works as written and is probably not meant so, or that an admin should know. */
export interface Finding extends PolicyProblem {
  readonly code: FindingCode
  readonly severity: 'error' | 'warning' | 'info'
  /** What to do about it. */
  readonly fix: string
  /** The agent that it is about, where it is about one. */
  readonly agent?: string
  /** Canonical ids of the tools that it is about, at most 50. */
  readonly tools?: readonly string[]
}

/** What a check says; its severity, and the place of its rule, are added. */
export interface Draft {
  readonly code: FindingCode
  readonly rule?: string
  /** Below the rule, such as `/args/~1to`; from the root when there is no rule. */
  readonly path?: string
  readonly message: string
  readonly fix: string
  readonly agent?: string
  readonly tools?: readonly string[]
}

export const MAX_TOOLS = 50
const SHOWN = 3

/** `3 tools (a, b, c)`, `5 tools (a, b, c and 2 more)`, or `the tool a`. */
export function toolsText(ids: readonly string[]): string {
  if (ids.length === 1) return `the tool ${ids[0] ?? ''}`
  const more = ids.length > SHOWN ? ` and ${ids.length - SHOWN} more` : ''
  return `${ids.length} tools (${ids.slice(0, SHOWN).join(', ')}${more})`
}
