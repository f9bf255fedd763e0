import type { Obligation, TraceEntry } from '../kernel/policy.ts'
import { closedTo } from './closed-args.ts'
import { allOf, guarded, type Circumstances, type RuleEffect, type Test } from './condition.ts'
import { compileConstraint, type ValidateSchema } from './constraint.ts'
import type { LocalTime } from './local-time.ts'
import type { Rule } from './schema.ts'
import { compileWhen } from './when.ts'

/** One enabled rule, ready to be asked. */
export interface CompiledRule {
  readonly id: string
  readonly effect: RuleEffect
  readonly spec: Rule
  /** Whether the rule is about a principal, by the text of its facts. */
  readonly selectsSubject: (facts: string) => boolean
  /** Places of the tools that it is about, ascending. */
  readonly places: Uint32Array
  /** Absent when the rule has no conditions. */
  readonly condition: Test<Circumstances> | undefined
  /** Labels of which a run must have seen one for the rule to be about its calls; absent for all calls. */
  readonly run: readonly string[] | undefined
  readonly obligations: readonly Obligation[]
  /** What the trace says when the rule matches. */
  readonly match: TraceEntry
}

/** True when the rule speaks of every call of its tools, whatever the arguments, the time and the run are. */
export const isUnconditional = ({ condition, run }: CompiledRule): boolean => !condition && !run

export interface ConditionContext {
  readonly timezone: string
  readonly clockOf: (zone: string) => (at: number) => LocalTime
  readonly validateSchema: ValidateSchema | undefined
  /** Takes what is wrong with one part of the rule; that part then holds nothing. */
  readonly refuse: (path: readonly string[], message: string) => void
}

/** Times and argument constraints of a rule as one test; undefined when it has none. */
export function compileCondition(rule: Rule, context: ConditionContext): Test<Circumstances> | undefined {
  const tests = [timeTest(rule, context), ...argumentTests(rule, context)].filter((test) => test !== undefined)
  if (tests.length === 0) return undefined
  return allOf(tests.map(guarded), rule.effect)
}

function timeTest({ when }: Rule, context: ConditionContext): Test<Circumstances> | undefined {
  if (!when) return undefined
  const zone = when.timezone ?? context.timezone
  try {
    const test = compileWhen(when, zone, context.clockOf(zone))
    return ({ at }) => test(at)
  } catch {
    context.refuse(['when', 'timezone'], `There is no time zone "${zone}". Use an IANA name, such as Europe/Berlin.`)
    return undefined
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : 'It cannot be used.')

function argumentTests(rule: Rule, context: ConditionContext): readonly Test<Circumstances>[] {
  const args = rule.args ?? {}
  const { effect } = rule
  const { validateSchema } = context
  const tests = Object.entries(args).flatMap(([pointer, constraint]) => {
    try {
      return [compileConstraint(pointer, constraint, { effect, validateSchema })]
    } catch (error) {
      context.refuse(['args', pointer], messageOf(error))
      return []
    }
  })
  if (rule.closedArgs) tests.push(closedTo(Object.keys(args)))
  return tests.map(
    (test) =>
      ({ input }) =>
        test(input),
  )
}
