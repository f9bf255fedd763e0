import type { PolicyDocument } from '../schema.ts'
import { isJsonObject } from '../../kernel/json.ts'
import { diffLines, type DiffLine } from './diff-lines.ts'

/** What differs between two documents, part by part. Names are sorted; order of rules is no difference. */
export interface TextDiff {
  readonly added: readonly DiffEntry[]
  readonly removed: readonly DiffEntry[]
  readonly changed: readonly DiffEntry[]
}

export interface DiffEntry {
  readonly part: 'rule' | 'group' | 'test' | 'timezone'
  /** A rule's id, or the name of a group or test. */
  readonly name: string
  /** The lines of both texts, in canonical form. */
  readonly lines: readonly DiffLine[]
}

/** Compares two documents rule by rule, group by group and test by test, in canonical form: members sorted, two spaces. */
export function textDiff(before: PolicyDocument, after: PolicyDocument): TextDiff {
  const [old, next] = [partsOf(before), partsOf(after)]
  const parts = [...new Map([...old, ...next])].sort(([a], [b]) => (a < b ? -1 : 1))
  const entries = parts
    .filter(([key]) => old.get(key)?.text !== next.get(key)?.text)
    .map(([key, { part, name }]) => {
      const [was, is] = [old.get(key), next.get(key)]
      const entry: DiffEntry = { part, name, lines: diffLines(linesOf(was), linesOf(is)) }
      return { how: !was ? ('added' as const) : is ? ('changed' as const) : ('removed' as const), entry }
    })
  const of = (wanted: keyof TextDiff) => entries.filter(({ how }) => how === wanted).map(({ entry }) => entry)
  return { added: of('added'), removed: of('removed'), changed: of('changed') }
}

interface Part {
  readonly part: DiffEntry['part']
  readonly name: string
  readonly text: string
}

const linesOf = (part: Part | undefined): readonly string[] => part?.text.split('\n') ?? []

/** Tests may share a name; then their place among those of the name tells them apart. */
function partsOf({ rules, groups = {}, tests = [], timezone }: PolicyDocument): ReadonlyMap<string, Part> {
  const parts = new Map<string, Part>()
  const seen = new Map<string, number>()
  const add = (part: Part['part'], name: string, value: unknown): void => {
    const key = `${part} ${name}`
    const nth = seen.get(key) ?? 0
    seen.set(key, nth + 1)
    parts.set(`${key} ${nth}`, { part, name, text: JSON.stringify(canonical(value), undefined, 2) })
  }
  for (const rule of rules) add('rule', rule.id, rule)
  for (const [name, group] of Object.entries(groups)) add('group', name, group)
  for (const test of tests) add('test', test.name, test)
  if (timezone !== undefined) add('timezone', timezone, timezone)
  return parts
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, canonical(value[key])]),
  )
}
