import type { CompiledPolicy } from '../compiled-policy.ts'
import { isUnconditional, type CompiledRule } from '../rule.ts'
import { textOf } from '../version.ts'
import { type Draft, toolsText } from './finding.ts'

/** Rules that decide nothing, because others decide all of it, and tools that no rule opens. */
export function lintCoverage({ index }: CompiledPolicy, rules: readonly CompiledRule[]): readonly Draft[] {
  const size = index.tools.length
  const idle = rules.filter(({ places }) => places.length === 0)
  const denies = rules.filter(({ effect }) => effect === 'deny')
  const barred = ledger(size)
  for (const rule of denies.filter(isUnconditional)) barred.add(subjectsOf(rule), rule)
  const speaking = rules.filter(({ places }) => places.length > 0)
  const barredAllows = speaking.filter((rule) => rule.effect !== 'deny' && barred.covers(subjectsOf(rule), rule, 1))
  return [
    ...idle.map(selectsNothing),
    ...barredAllows.map(neverDecides),
    ...redundant(speaking, size),
    ...unreachable(index.tools, rules, barred),
  ]
}

const subjectsOf = ({ spec }: CompiledRule): string => (spec.subjects ? textOf(spec.subjects) : EVERYBODY)
const EVERYBODY = ''

/** Counts for each kind of subjects how many rules are about a place. */
interface Ledger {
  add(key: string, rule: CompiledRule): void
  remove(key: string, rule: CompiledRule): void
  /** Whether at least so many rules for everybody or for the same subjects are about each place of a rule. */
  covers(key: string, rule: CompiledRule, least: number, everybody?: string): boolean
  has(key: string, place: number): boolean
}

function ledger(size: number): Ledger {
  const counts = new Map<string, Uint32Array>()
  const change = (key: string, { places }: CompiledRule, by: number): void => {
    const list = counts.get(key) ?? new Uint32Array(size)
    counts.set(key, list)
    for (const place of places) list[place] = (list[place] ?? 0) + by
  }
  const at = (key: string, place: number): number => counts.get(key)?.[place] ?? 0
  return {
    add: (key, rule) => change(key, rule, 1),
    remove: (key, rule) => change(key, rule, -1),
    covers: (key, { places }, least, everybody = EVERYBODY) =>
      places.every((place) => at(key, place) + (key === everybody ? 0 : at(everybody, place)) >= least),
    has: (key, place) => at(key, place) > 0,
  }
}

/**
 * Allows and denies that others of the same effect cover without conditions, and with the same obligations. Looks at the
 * narrowest first and forgets what it has found, so that of two equal rules one stays.
 */
function redundant(rules: readonly CompiledRule[], size: number): readonly Draft[] {
  const candidates = rules.filter(({ effect }) => effect !== 'require')
  const wide = ledger(size)
  const keyOf = (rule: CompiledRule, subjects: string): string =>
    textOf([rule.effect, rule.obligations.map((one) => ({ ...one, rule: undefined })), subjects])
  for (const rule of candidates.filter(isUnconditional)) wide.add(keyOf(rule, subjectsOf(rule)), rule)
  const narrowFirst = candidates.toReversed().sort((a, b) => a.places.length - b.places.length)
  return narrowFirst.flatMap((rule) => {
    const key = keyOf(rule, subjectsOf(rule))
    const itself = isUnconditional(rule) ? 1 : 0
    if (!wide.covers(key, rule, 1 + itself, keyOf(rule, EVERYBODY))) return []
    if (itself === 1) wide.remove(key, rule)
    return [isRedundant(rule)]
  })
}

const selectsNothing = ({ id }: CompiledRule): Draft => ({
  code: 'selects_no_tool',
  rule: id,
  path: '/tools',
  message: `Rule "${id}" selects no tool of the catalog, so that it does nothing.`,
  fix: 'Widen its `tools`, or remove the rule.',
})

const neverDecides = ({ id }: CompiledRule): Draft => ({
  code: 'never_decides',
  rule: id,
  message: `Rule "${id}" never decides: rules that deny without conditions are about everything that it selects.`,
  fix: 'Take its tools out of the deny rules with `except`, or remove the rule.',
})

const isRedundant = ({ id, effect }: CompiledRule): Draft => ({
  code: 'redundant',
  rule: id,
  message: `Rule "${id}" changes nothing: others ${effect} all of it without conditions.`,
  fix: 'Remove the rule, or narrow the others.',
})

function unreachable(
  tools: CompiledPolicy['index']['tools'],
  rules: readonly CompiledRule[],
  barred: Ledger,
): readonly Draft[] {
  const open = new Set(rules.filter(({ effect }) => effect === 'allow').flatMap(({ places }) => [...places]))
  const closed = tools.filter((_, place) => !open.has(place) || barred.has(EVERYBODY, place))
  return [...new Set(closed.map(({ connection }) => connection))].map((connection) => {
    const ids = closed.filter((tool) => tool.connection === connection).map(({ id }) => id)
    return {
      code: 'tool_unreachable',
      message: `Nobody can reach ${toolsText(ids)} of connection "${connection}".`,
      fix: 'Allow them to somebody, or leave them closed on purpose.',
      tools: ids,
    }
  })
}
