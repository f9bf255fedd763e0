import type { Decision, ShadowVerdict } from '../kernel/policy.ts'
import type { Feature } from '../kernel/tool.ts'
import { toCell, type Cell } from './cell.ts'
import type { CompiledRule } from './rule.ts'

/**
 * A cell whose decisions also say what each rule in shadow mode would have changed, had it alone been enforced. Effect,
 * rule, reason, obligations and trace stay those of the rules in force.
 */
export function withShadow(tool: Feature, rules: readonly CompiledRule[], shadows: readonly CompiledRule[]): Cell {
  const cell = toCell(tool, rules)
  if (shadows.length === 0) return cell
  const trials = shadows.map((shadow) => ({ shadow, trial: toCell(tool, [...rules, shadow]) }))
  const watch = (decision: Decision, decide: (trial: Cell) => Decision): Decision => {
    const verdicts = trials.map(({ shadow, trial }) => compare(shadow, decision, decide(trial)))
    const differing = verdicts.filter((verdict) => verdict !== undefined)
    return differing.length === 0 ? decision : { ...decision, shadow: differing }
  }
  return {
    rules,
    sight: watch(cell.sight, (trial) => trial.sight),
    call: (circumstances) => watch(cell.call(circumstances), (trial) => trial.call(circumstances)),
  }
}

function compare({ id }: CompiledRule, real: Decision, trial: Decision): ShadowVerdict | undefined {
  const note = trial.trace.find(({ rule }) => rule === id)?.note ?? 'match'
  if (real.effect !== trial.effect) return { rule: id, would: trial.effect, note }
  return owedBy(real) === owedBy(trial) ? undefined : { rule: id, would: 'obligations', note }
}

const owedBy = (decision: Decision): string => JSON.stringify('obligations' in decision && decision.obligations)
