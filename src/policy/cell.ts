import type { Decision } from '../kernel/policy.ts'
import type { Feature } from '../kernel/tool.ts'
import type { Circumstances } from './condition.ts'
import { judgeCall, judgeSight, type MatchingRules } from './judge.ts'
import { isUnconditional, type CompiledRule } from './rule.ts'
import { isAboutRun, notAboutRun } from './run-scope.ts'

/** What a policy has to say about one tool to principals with the same signature. */
export interface Cell {
  /** The rules in force that select both, in the order of their ids. */
  readonly rules: readonly CompiledRule[]
  readonly sight: Decision
  readonly call: (circumstances: Circumstances) => Decision
}

/** Builds a cell of the rules that select both, in the order of their ids. Without conditions the answer is fixed. */
export function toCell(tool: Feature, rules: readonly CompiledRule[]): Cell {
  const matching = byEffect(rules)
  const sight = judgeSight(tool, matching)
  if (rules.some(({ run }) => run))
    return { rules, sight, call: (circumstances) => judgeRun(tool, rules, circumstances) }
  if (!rules.every(isUnconditional)) {
    return { rules, sight, call: (circumstances) => judgeCall(tool, matching, circumstances) }
  }
  const fixed = judgeCall(tool, matching, { input: {}, at: 0 })
  return { rules, sight, call: () => fixed }
}

/** The lists that the judge wants, each in the order of the rules. */
export const byEffect = (rules: readonly CompiledRule[]): MatchingRules => ({
  deny: rules.filter(({ effect }) => effect === 'deny'),
  require: rules.filter(({ effect }) => effect === 'require'),
  allow: rules.filter(({ effect }) => effect === 'allow'),
})

/** Rules that are not about the run are left out of the judgement, and named in the trace. */
function judgeRun(tool: Feature, rules: readonly CompiledRule[], circumstances: Circumstances): Decision {
  const { labels } = circumstances
  const isAbout = (rule: CompiledRule): boolean => isAboutRun(rule, labels)
  const decision = judgeCall(tool, byEffect(rules.filter(isAbout)), circumstances)
  const silent = rules.filter((rule) => !isAbout(rule)).map((rule) => notAboutRun(rule, labels !== undefined))
  return { ...decision, trace: [...decision.trace, ...silent] }
}
