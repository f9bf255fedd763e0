import type { Decision, TraceEntry } from '../kernel/policy.ts'
import type { Feature } from '../kernel/tool.ts'
import { isSatisfied, type Circumstances } from './condition.ts'
import { uniteObligations } from './obligations.ts'
import { denialReason, nobodyAllows, refusalReason } from './reasons.ts'
import { isUnconditional, type CompiledRule } from './rule.ts'

/** The rules that select a principal and a tool, each list in the order of their ids. */
export interface MatchingRules {
  readonly deny: readonly CompiledRule[]
  readonly require: readonly CompiledRule[]
  readonly allow: readonly CompiledRule[]
}

/**
 * Whether a call may happen: no deny that matches, every require holds, at least one allow holds. The order of rules
 * plays no part. Every rule is asked, so that the trace is whole.
 */
export function judgeCall(tool: Feature, rules: MatchingRules, circumstances: Circumstances): Decision {
  const denies = ask(rules.deny, circumstances)
  const requires = ask(rules.require, circumstances)
  const allows = ask(rules.allow, circumstances)
  const trace = [...denies, ...requires, ...allows]

  const denied = denies.findIndex(isMatched)
  if (denied >= 0) return deny(denialReason(tool, rules.deny[denied], denies[denied]), trace, rules.deny[denied])
  const refused = requires.findIndex((entry) => !entry.matched)
  if (refused >= 0) return deny(refusalReason(tool, requires[refused]), trace, rules.require[refused])
  const granted = allows.findIndex(isMatched)
  if (granted < 0) return deny(refusalReason(tool, allows[0]), trace, rules.allow[0])

  const holding = [...rules.require, ...rules.allow.filter((_, index) => allows[index]?.matched)]
  const obligations = uniteObligations(holding.flatMap((rule) => rule.obligations))
  return { effect: 'allow', rule: rules.allow[granted]?.id ?? '', obligations, trace }
}

/** Whether a tool may be known: no deny without conditions, and at least one allow, whatever its conditions are. */
export function judgeSight(tool: Feature, rules: MatchingRules): Decision {
  const trace = [...rules.deny, ...rules.require, ...rules.allow].map(selected)
  const hiding = rules.deny.find(isUnconditional)
  if (hiding) return deny(denialReason(tool, hiding, selected(hiding)), trace, hiding)
  const [showing] = rules.allow
  if (!showing) return deny(nobodyAllows(tool), trace, undefined)
  return { effect: 'allow', rule: showing.id, obligations: [], trace }
}

const deny = (reason: string, trace: readonly TraceEntry[], rule: CompiledRule | undefined): Decision => ({
  effect: 'deny',
  rule: rule?.id,
  reason,
  trace,
})

const isMatched = (entry: TraceEntry): boolean => entry.matched

const ask = (rules: readonly CompiledRule[], circumstances: Circumstances): readonly TraceEntry[] =>
  rules.map((rule) => askOne(rule, circumstances))

function askOne(rule: CompiledRule, circumstances: Circumstances): TraceEntry {
  const failure = rule.condition?.(circumstances)
  if (!failure) return rule.match
  const matched = isSatisfied(failure, rule.effect)
  const note = rule.effect === 'deny' && !matched ? `does not apply: ${failure.note} for it to` : failure.note
  return { rule: rule.id, effect: rule.effect, matched, note }
}

const selected = (rule: CompiledRule): TraceEntry => ({
  rule: rule.id,
  effect: rule.effect,
  matched: true,
  note: isUnconditional(rule) ? 'match' : 'selects the tool; its conditions are tested when it is called',
})
