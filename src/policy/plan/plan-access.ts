import type { Principal } from '../../kernel/principal.ts'
import type { Effect, Feature, Risk } from '../../kernel/tool.ts'
import type { CompiledPolicy } from '../compiled-policy.ts'
import { rulesByPlace } from '../rules-by-place.ts'
import { clauses, mayWiden, standingOf, type Access, type Clause, type Standing } from './access.ts'

/** What changes for one principal at one tool. */
export interface AccessChange {
  readonly principal: string
  readonly agent: string
  readonly tool: string
  readonly effect: Effect
  readonly risk: Risk
  readonly before: Access
  readonly after: Access
  /** True unless it can be shown that nothing more is allowed than before. */
  readonly widening: boolean
}

export const KINDS_OF_CHANGE = ['gained', 'lost', 'approvalChanged', 'conditionsChanged', 'obligationsChanged'] as const
export type KindOfChange = (typeof KINDS_OF_CHANGE)[number]

export type ChangeCounts = Readonly<Record<KindOfChange | 'widening', number>>

/** The changes, each in one list: widening first, then the greater risk. All are counted, also those not listed. */
export interface AccessPlan extends Readonly<Record<KindOfChange, readonly AccessChange[]>> {
  readonly totals: ChangeCounts & {
    /** Principals times tools. */
    readonly cells: number
    readonly byAgent: Readonly<Record<string, ChangeCounts>>
    readonly byEffect: Readonly<Partial<Record<Effect, ChangeCounts>>>
  }
}

export interface PlanOptions {
  readonly principals: readonly Principal[]
  /** How many changes of one kind are listed; 500 when left out. */
  readonly listed?: number
}

/**
 * What changes for whom when the second policy takes the place of the first, over all tools of the second one's catalog.
 * Compares what the rules say, not samples of calls; rules in shadow mode count as not there.
 */
export function planAccess(
  before: CompiledPolicy,
  after: CompiledPolicy,
  { principals, listed = 500 }: PlanOptions,
): AccessPlan {
  const compare = comparer(before, after)
  const changes = principals.flatMap((principal) =>
    compare(principal).map(({ kind, ...change }) => ({
      kind,
      change: { principal: principal.id, agent: principal.agent, ...change },
    })),
  )
  const of = (kind: KindOfChange): readonly AccessChange[] =>
    changes
      .filter((one) => one.kind === kind)
      .map(({ change }) => change)
      .sort(graver)
      .slice(0, listed)
  return {
    gained: of('gained'),
    lost: of('lost'),
    approvalChanged: of('approvalChanged'),
    conditionsChanged: of('conditionsChanged'),
    obligationsChanged: of('obligationsChanged'),
    totals: {
      cells: principals.length * after.index.tools.length,
      ...count(changes),
      byAgent: countBy(changes, ({ agent }) => agent),
      byEffect: countBy(changes, ({ effect }) => effect),
    },
  }
}

type CellChange = Omit<AccessChange, 'principal' | 'agent'> & { readonly kind: KindOfChange }

/** Finds the changed cells of a principal; principals with the same views before and after share the answer. */
function comparer(before: CompiledPolicy, after: CompiledPolicy): (principal: Principal) => readonly CellChange[] {
  const clauseOf = clauses()
  const standings = new Map<string, Standing>()
  const answers = new Map<string, readonly CellChange[]>()
  const cellsOf = (policy: CompiledPolicy, principal: Principal): readonly Clauses[] => {
    const { rules } = policy.find(principal)
    return rulesByPlace(rules, policy.index.tools.length).map(
      (selecting) => new Map(selecting.map((rule) => numbered(clauseOf(rule, policy.document)))),
    )
  }
  const standing = (key: string, cell: Clauses): Standing => {
    const known = standings.get(key) ?? standingOf([...cell.values()])
    standings.set(key, known)
    return known
  }
  const places = new Map(before.index.tools.map((tool, place) => [tool.id, place]))

  const changesFor = (principal: Principal): readonly CellChange[] => {
    const [old, next] = [cellsOf(before, principal), cellsOf(after, principal)]
    return after.index.tools.flatMap((tool, place) => {
      const was = old[places.get(tool.id) ?? -1] ?? NOTHING
      const is = next[place] ?? NOTHING
      const [wasKey, isKey] = [keyOf(was), keyOf(is)]
      if (wasKey === isKey || tool.quarantined || isOfAnother(tool, principal)) return []
      return changeOf(tool, standing(wasKey, was), standing(isKey, is))
    })
  }

  return (principal) => {
    const pair = `${before.find(principal).signature} ${after.find(principal).signature}`
    const changes = answers.get(pair) ?? changesFor(principal)
    answers.set(pair, changes)
    return changes
  }
}

const numbered = (clause: Clause): readonly [number, Clause] => [clause.number, clause]

/** What belongs to one person's connection does not exist for anybody else. */
const isOfAnother = ({ owner }: Feature, { user }: Principal): boolean => owner !== undefined && owner !== user

type Clauses = ReadonlyMap<number, Clause>
const NOTHING: Clauses = new Map()

const keyOf = (cell: Clauses): string => [...cell.keys()].join()

function changeOf({ id, effect, risk }: Feature, was: Standing, is: Standing): readonly CellChange[] {
  const kind = kindOf(was, is)
  if (!kind) return []
  return [{ kind, tool: id, effect, risk, before: was.access, after: is.access, widening: mayWiden(was, is) }]
}

function kindOf(was: Standing, is: Standing): KindOfChange | undefined {
  if (was.access !== is.access && was.access === 'none') return 'gained'
  if (was.access !== is.access && is.access === 'none') return 'lost'
  const differs = (...parts: readonly (keyof Standing)[]) =>
    parts.some((part) => String(was[part]) !== String(is[part]))
  const isAsked = (was.access === 'approval') !== (is.access === 'approval')
  if (isAsked || differs('approvals')) return 'approvalChanged'
  if (differs('grants', 'bars')) return 'conditionsChanged'
  return differs('duties', 'owed') ? 'obligationsChanged' : undefined
}

const RISKS: readonly Risk[] = ['critical', 'high', 'medium', 'low']

const graver = (a: AccessChange, b: AccessChange): number =>
  Number(b.widening) - Number(a.widening) ||
  RISKS.indexOf(a.risk) - RISKS.indexOf(b.risk) ||
  (a.tool < b.tool ? -1 : a.tool > b.tool ? 1 : 0)

interface Listed {
  readonly kind: KindOfChange
  readonly change: AccessChange
}

function count(changes: readonly Listed[]): ChangeCounts {
  const counts = { gained: 0, lost: 0, approvalChanged: 0, conditionsChanged: 0, obligationsChanged: 0, widening: 0 }
  for (const { kind, change } of changes) {
    counts[kind]++
    if (change.widening) counts.widening++
  }
  return counts
}

function countBy(
  changes: readonly Listed[],
  of: (change: AccessChange) => string,
): Readonly<Record<string, ChangeCounts>> {
  const groups = new Map<string, Listed[]>()
  for (const one of changes) {
    const group = groups.get(of(one.change))
    if (group) group.push(one)
    else groups.set(of(one.change), [one])
  }
  return Object.fromEntries([...groups].map(([key, group]) => [key, count(group)]))
}
