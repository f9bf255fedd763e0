import type { Obligation } from '../../kernel/policy.ts'
import type { PolicyDocument } from '../schema.ts'
import { isUnconditional, type CompiledRule } from '../rule.ts'
import { textOf } from '../version.ts'

/**
 * What a principal may do with a tool before anything is known of a call. `conditional`: arguments, times or the run
 * decide. `approval`: people are asked whatever the call is.
 */
export type Access = 'none' | 'approval' | 'conditional' | 'allow'

/** One rule in a comparison: rules with equal texts do the same to the calls of the same principals and tools. */
export interface Clause {
  readonly number: number
  readonly effect: CompiledRule['effect']
  readonly isConditional: boolean
  readonly isAboutRuns: boolean
  readonly conditions: string
  readonly approvals: readonly string[]
  /** All that is asked for besides, approvals too. */
  readonly duties: readonly string[]
}

/** Gives rules of several policies their clauses: the same for the same content, whatever the ids are. */
export function clauses(): (rule: CompiledRule, document: PolicyDocument) => Clause {
  const byText = new Map<string, Clause>()
  const byRule = new WeakMap<CompiledRule, Clause>()
  const make = (rule: CompiledRule, document: PolicyDocument): Clause => {
    const parts = partsOf(rule, document)
    const text = textOf(parts)
    const clause = byText.get(text) ?? { number: byText.size, ...parts }
    byText.set(text, clause)
    return clause
  }
  return (rule, document) => {
    const clause = byRule.get(rule) ?? make(rule, document)
    byRule.set(rule, clause)
    return clause
  }
}

function partsOf(rule: CompiledRule, document: PolicyDocument): Omit<Clause, 'number'> {
  const { spec, effect, obligations, run } = rule
  const { when, args, closedArgs } = spec
  const zone = when && (when.timezone ?? document.timezone ?? 'UTC')
  const texts = (list: readonly Obligation[]) => list.map((one) => obligationText(one, document))
  return {
    effect,
    isConditional: !isUnconditional(rule),
    isAboutRuns: run !== undefined,
    conditions: textOf({ when, zone, args, closedArgs, run: run?.toSorted() }),
    approvals: texts(obligations.filter(({ kind }) => kind === 'approval')),
    duties: texts(obligations),
  }
}

/** Who approves is a part of an approval: with another definition of a group it is another one. */
function obligationText(obligation: Obligation, { groups = {} }: PolicyDocument): string {
  const anyRule = { ...obligation, rule: undefined }
  if (obligation.kind !== 'approval') return textOf(anyRule)
  return textOf({ ...anyRule, groups: obligation.approvers.map((name) => groups[name] ?? {}) })
}

/** What all clauses about a principal and a tool amount to. Texts are sorted, each once. */
export interface Standing {
  readonly access: Access
  /** The conditions of the ways in, and of the bars across them. */
  readonly grants: readonly string[]
  readonly bars: readonly string[]
  readonly approvals: readonly string[]
  readonly duties: readonly string[]
  /** What is owed under which conditions, but for logging. */
  readonly owed: readonly string[]
}

/** Sums up the clauses that select a principal and a tool. */
export function standingOf(selected: readonly Clause[]): Standing {
  const of = (effect: Clause['effect']) => selected.filter((clause) => clause.effect === effect)
  const [denies, requires, allows] = [of('deny'), of('require'), of('allow')]
  if (allows.length === 0 || !denies.every(({ isConditional }) => isConditional)) return NONE
  const speaking = [...requires, ...allows]
  const bars = [...denies, ...requires.filter(({ isConditional }) => isConditional)]
  const isFree = bars.length === 0 && !allows.every(({ isConditional }) => isConditional)
  return {
    access: isAlwaysAsked(requires, allows) ? 'approval' : isFree ? 'allow' : 'conditional',
    grants: sorted(allows.map(({ conditions }) => conditions)),
    bars: sorted(bars.map(({ effect, conditions }) => `${effect} ${conditions}`)),
    approvals: sorted(speaking.flatMap(({ approvals }) => approvals)),
    duties: sorted(speaking.flatMap(({ duties }) => duties)),
    owed: sorted(speaking.flatMap(owedBy)),
  }
}

const NONE: Standing = { access: 'none', grants: [], bars: [], approvals: [], duties: [], owed: [] }

/** A require that is about some runs alone asks in those alone; an allow that always holds always asks. */
const isAlwaysAsked = (requires: readonly Clause[], allows: readonly Clause[]): boolean =>
  requires.some(({ approvals, isAboutRuns }) => approvals.length > 0 && !isAboutRuns) ||
  allows.some(({ approvals, isConditional }) => approvals.length > 0 && !isConditional) ||
  allows.every(({ approvals }) => approvals.length > 0)

const owedBy = ({ conditions, duties }: Clause): readonly string[] =>
  duties.filter((text) => !text.includes('"kind":"log"')).map((text) => `${text} ${conditions}`)

const sorted = (texts: readonly string[]): readonly string[] => [...new Set(texts)].sort()

/**
 * Whether more may be allowed than before. False only where that can be shown: no new way in, no bar and nothing owed
 * taken away. Other words for the same conditions count as other conditions.
 */
export function mayWiden(before: Standing, after: Standing): boolean {
  if (after.access === 'none') return false
  const isWithin = (inner: readonly string[], outer: readonly string[]) => inner.every((text) => outer.includes(text))
  const { grants, bars, owed } = before
  return !isWithin(after.grants, grants) || !isWithin(bars, after.bars) || !isWithin(owed, after.owed)
}
