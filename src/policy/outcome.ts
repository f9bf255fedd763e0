import type { Decision, Question } from '../kernel/policy.ts'
import type { LimitSubject } from './limit.ts'

/** What becomes of a call, for tests and replays: `approval` is an allow that waits for people. */
export interface Outcome {
  readonly kind: 'allow' | 'deny' | 'approval'
  /** The deciding rule: of a deny the one that denies, else the first that allows or asks for approval. */
  readonly rule: string | undefined
  /** All rules of which it can be said that they decided. */
  readonly rules: readonly string[]
  /** One sentence. */
  readonly because: string
}

/** The outcome of a decision; `full` names the rule whose limit has no room for the call. */
export function outcomeOf(decision: Decision, full?: string): Outcome {
  if (decision.effect === 'deny') {
    const { rule, reason } = decision
    return { kind: 'deny', rule, rules: rule === undefined ? [] : [rule], because: reason }
  }
  if (full !== undefined) {
    return { kind: 'deny', rule: full, rules: [full], because: `The limit of rule "${full}" is used up.` }
  }
  const because = `Rule "${decision.rule}" allows it.`
  const approvals = decision.obligations.filter(({ kind }) => kind === 'approval').map(({ rule }) => rule)
  if (approvals.length > 0) return { kind: 'approval', rule: approvals[0], rules: approvals, because }
  const allows = decision.trace.filter(({ effect, matched }) => effect === 'allow' && matched).map(({ rule }) => rule)
  return { kind: 'allow', rule: decision.rule, rules: allows, because }
}

/** For whom the limits count a call. */
export const subjectOf = ({ principal, tool }: Pick<Question, 'principal' | 'tool'>): LimitSubject => ({
  agent: principal.agent,
  user: principal.user,
  tool: tool.id,
  connection: tool.connection,
  organisation: principal.organisation,
})
