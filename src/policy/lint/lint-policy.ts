import type { CompiledPolicy } from '../compiled-policy.ts'
import { lintAgents } from './agents.ts'
import { lintApprovals } from './approvals.ts'
import { lintArguments } from './arguments.ts'
import { lintCoverage } from './coverage.ts'
import { type Draft, type Finding, FINDINGS, MAX_TOOLS } from './finding.ts'
import { lintTimes } from './times.ts'

/** What lint is told besides the policy. What is left out is not looked at. */
export interface LintFacts {
  /** Milliseconds since the epoch. */
  readonly at?: number
  /** People that are known, with the groups that they sign in with. */
  readonly people?: readonly { readonly user: string; readonly groups: readonly string[] }[]
}

/**
 * Looks for what a policy allows or forbids without anyone having meant it: errors first, then warnings. What is unsure
 * is not reported. Names that stand for nothing are not lint: compiling refuses them. Looks at registered agents as they
 * are when no user and no claims come along, and at rules in force; rules in shadow mode count as not there.
 */
export function lintPolicy(policy: CompiledPolicy, facts: LintFacts = {}): readonly Finding[] {
  const rules = policy.rules.filter(({ spec }) => spec.mode !== 'shadow')
  const drafts = [
    ...lintCoverage(policy, rules),
    ...lintTimes(policy, rules, facts.at),
    ...lintArguments(policy, rules),
    ...lintApprovals(policy, rules, facts.people),
    ...lintAgents(policy),
  ]
  const positions = new Map(policy.document.rules.map(({ id }, index) => [id, index]))
  const findings = drafts.map((draft) => policy.locate(toFinding(draft, positions)))
  return findings.sort((a, b) => GRAVITY.indexOf(a.severity) - GRAVITY.indexOf(b.severity))
}

const GRAVITY: readonly Finding['severity'][] = ['error', 'warning', 'info']

function toFinding({ rule, path = '', tools, ...draft }: Draft, positions: ReadonlyMap<string, number>): Finding {
  const at = rule === undefined ? '' : `/rules/${positions.get(rule) ?? 0}`
  return {
    ...draft,
    severity: FINDINGS[draft.code],
    ...(rule === undefined ? {} : { rule }),
    path: `${at}${path}`,
    ...(tools && { tools: tools.slice(0, MAX_TOOLS) }),
  }
}
