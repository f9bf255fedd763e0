import type { Decision } from '../../kernel/policy.ts'
import type { Principal } from '../../kernel/principal.ts'
import type { Feature } from '../../kernel/tool.ts'
import { byEffect, type Cell } from '../cell.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { no, type Circumstances } from '../condition.ts'
import { judgeCall } from '../judge.ts'
import { isLimit } from '../limit.ts'
import { meter } from '../meter.ts'
import { outcomeOf, subjectOf, type Outcome } from '../outcome.ts'
import { parsePointer } from '../pointer.ts'
import type { CompiledRule } from '../rule.ts'
import { isAboutRun } from '../run-scope.ts'
import { NOWHERE } from '../tool-index.ts'
import { isOpen, isRecorded, type Projection } from './projection.ts'

/** One call, as far as it was recorded. */
export interface Replayed {
  readonly principal: Principal
  readonly tool: Feature
  readonly projection: Projection
  readonly circumstances: Circumstances
}

/** One of the two policies of a replay. Calls must come in the order of their times, because limits count them. */
export interface Side {
  /** What becomes of the call; undefined when it turns on something that was not recorded. */
  ask(call: Replayed): Outcome | undefined
}

/** A policy with empty limits. */
export function sideOf(policy: CompiledPolicy): Side {
  const limits = meter()
  const needs = new WeakMap<Cell, readonly Need[]>()
  const needsOf = (cell: Cell): readonly Need[] => {
    const known = needs.get(cell) ?? cell.rules.map(toNeed)
    needs.set(cell, known)
    return known
  }
  return {
    ask: (call) => {
      const { principal, tool, circumstances } = call
      const cell = policy.find(principal).cell(policy.index.placeOf(tool) ?? NOWHERE)
      if (!cell) return undefined
      const unknown = needsOf(cell).filter((need) => !isMet(need, call))
      const decision = unknown.length === 0 ? cell.call(circumstances) : eitherWay(call, cell, unknown)
      if (!decision || decision.effect === 'deny') return decision && outcomeOf(decision)
      return outcomeOf(decision, limits.take(decision.obligations, subjectOf(call), circumstances.at))
    },
  }
}

/** What must have been recorded for a rule to be asked again. */
interface Need {
  readonly rule: CompiledRule
  readonly pointers: readonly (readonly string[])[]
  readonly isClosed: boolean
}

const toNeed = (rule: CompiledRule): Need => ({
  rule,
  pointers: Object.keys(rule.spec.args ?? {}).map(parsePointer),
  isClosed: rule.spec.closedArgs === true,
})

/** What is recorded at a pointer is recorded with all names on the way there, and beside it. */
function isMet({ rule, pointers, isClosed }: Need, { projection, circumstances }: Replayed): boolean {
  if (rule.run && !circumstances.labels) return false
  return pointers.every((tokens) => isRecorded(projection, tokens)) && (!isClosed || isOpen(projection))
}

/**
 * Judges twice: as if everything unknown spoke for the call, and as if it spoke against it. When both come to the same,
 * the decision does not turn on it.
 */
function eitherWay({ tool, circumstances }: Replayed, { rules }: Cell, needs: readonly Need[]): Decision | undefined {
  const unknown = new Set(needs.map(({ rule }) => rule))
  const applying = rules.filter((rule) => !circumstances.labels || isAboutRun(rule, circumstances.labels))
  const judge = (speaksFor: boolean): Decision =>
    judgeCall(
      tool,
      byEffect(applying.map((rule) => (unknown.has(rule) ? settled(rule, speaksFor) : rule))),
      circumstances,
    )
  const [best, worst] = [judge(true), judge(false)]
  return essenceOf(best) === essenceOf(worst) ? worst : undefined
}

/** What a replay wants to know of a decision. */
function essenceOf(decision: Decision): string {
  const limits = decision.effect === 'deny' ? [] : decision.obligations.filter(isLimit)
  return JSON.stringify([outcomeOf(decision).kind, limits])
}

/** The rule as it would be if its conditions were known to hold or not; a deny speaks for the call when they do not. */
function settled(rule: CompiledRule, speaksFor: boolean): CompiledRule {
  const holds = (rule.effect === 'deny') !== speaksFor
  return { ...rule, run: undefined, condition: holds ? undefined : () => no('was not recorded') }
}
