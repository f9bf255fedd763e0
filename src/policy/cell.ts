import type { Decision } from '../kernel/policy.ts'
import type { Feature } from '../kernel/tool.ts'
import { judgeCall, judgeSight } from './judge.ts'
import type { CompiledRule } from './rule.ts'

/** What a policy has to say about one tool to principals with the same signature. */
export interface Cell {
  readonly sight: Decision
  readonly call: (input: CallInput) => Decision
}

type CallInput = Parameters<typeof judgeCall>[2]

/** Builds a cell of the rules that select both, in the order of their ids. Without conditions the answer is fixed. */
export function toCell(tool: Feature, rules: readonly CompiledRule[]): Cell {
  const byEffect = {
    deny: rules.filter(({ effect }) => effect === 'deny'),
    require: rules.filter(({ effect }) => effect === 'require'),
    allow: rules.filter(({ effect }) => effect === 'allow'),
  }
  const sight = judgeSight(tool, byEffect)
  if (rules.some(({ condition }) => condition)) return { sight, call: (input) => judgeCall(tool, byEffect, input) }
  const fixed = judgeCall(tool, byEffect, { input: {}, at: 0 })
  return { sight, call: () => fixed }
}
