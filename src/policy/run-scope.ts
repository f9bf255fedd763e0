import type { TraceEntry } from '../kernel/policy.ts'
import type { CompiledRule } from './rule.ts'

/**
 * Whether a rule is about the calls of a run that has seen these labels. Where nobody knows what the run has seen, what
 * restricts is about it and what grants is not.
 */
export function isAboutRun({ run, effect }: CompiledRule, labels: ReadonlySet<string> | undefined): boolean {
  if (!run) return true
  return labels ? run.some((label) => labels.has(label)) : effect !== 'allow'
}

/** What the trace says of a rule that is not about the run. */
export const notAboutRun = ({ id, effect, run = [] }: CompiledRule, isKnown: boolean): TraceEntry => ({
  rule: id,
  effect,
  matched: false,
  note: isKnown
    ? `does not apply: the run has not seen ${run.join(' or ')}`
    : 'does not apply: nobody knows what the run has seen',
})
