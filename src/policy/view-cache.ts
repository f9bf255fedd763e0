import { LRUCache } from 'lru-cache'
import type { Principal } from '../kernel/principal.ts'
import { type Feature, isTool, type Tool } from '../kernel/tool.ts'
import type { Cell } from './cell.ts'
import type { FactSheet } from './facts.ts'
import { isUnconditional, type CompiledRule } from './rule.ts'
import { withShadow } from './shadow.ts'
import type { ToolIndex } from './tool-index.ts'

/** Views kept of one policy. Principals with the same matching rules share one; in practice there are tens. */
const MAX_VIEWS = 2_000

/** All that a policy says to principals with the same matching rules. Cells are built when they are first asked for. */
export interface View {
  /** Names the set of matching rules: equal for two principals exactly when the same rules are about them. */
  readonly signature: string
  /** The tools that may be seen, in the catalog's order. */
  readonly tools: readonly Tool[]
  /** Everything that may be seen, tools and others. */
  readonly features: readonly Feature[]
  /** The rules in force that are about the principal. */
  readonly rules: readonly CompiledRule[]
  cell(place: number): Cell | undefined
}

/** Finds the view of a principal: by the object, by its facts, by its signature, and only then by building it. */
export function viewCache(rules: readonly CompiledRule[], facts: FactSheet, index: ToolIndex): (p: Principal) => View {
  const byPrincipal = new WeakMap<Principal, View>()
  const byFacts = new LRUCache<string, View>({ max: MAX_VIEWS })
  const bySignature = new LRUCache<string, View>({ max: MAX_VIEWS })
  const owners = new Set(index.tools.map(({ owner }) => owner))

  const resolve = (principal: Principal): View => {
    const asked = facts.read(principal)
    const owner = owners.has(principal.user) ? principal.user : undefined
    const key = owner === undefined ? asked : `${asked} ${owner}`
    const known = byFacts.get(key)
    if (known) return known
    const matching = rules.map((rule) => rule.selectsSubject(asked))
    const signature = owner === undefined ? toSignature(matching) : `${toSignature(matching)} ${owner}`
    const view =
      bySignature.get(signature) ??
      toView(
        signature,
        rules.filter((_, place) => matching[place]),
        index,
        owner,
      )
    byFacts.set(key, view)
    bySignature.set(signature, view)
    return view
  }

  return (principal) => {
    const known = byPrincipal.get(principal)
    if (known) return known
    const view = resolve(principal)
    byPrincipal.set(principal, view)
    return view
  }
}

const isEnforced = ({ spec }: CompiledRule): boolean => spec.mode !== 'shadow'

const BITS = 4

/** One hexadecimal digit for four rules in the order of their ids. */
function toSignature(matching: readonly boolean[]): string {
  let text = ''
  for (let start = 0; start < matching.length; start += BITS) {
    const bits = matching.slice(start, start + BITS)
    text += bits.reduce((sum, bit, place) => sum + (bit ? 1 << place : 0), 0).toString(16)
  }
  return text
}

function toView(
  signature: string,
  matching: readonly CompiledRule[],
  index: ToolIndex,
  owner: string | undefined,
): View {
  const cells = new Map<number, Cell>()
  const rules = matching.filter(isEnforced)
  const shadows = matching.filter((rule) => !isEnforced(rule))
  const at = (list: readonly CompiledRule[], place: number) => list.filter(({ places }) => isAmong(places, place))
  const features = visibleFeatures(rules, index.tools).filter((tool) => existsFor(tool, owner) !== undefined)
  return {
    signature,
    tools: features.filter(isTool),
    features,
    rules,
    cell: (place) => {
      const tool = existsFor(index.tools[place], owner)
      const cell = cells.get(place) ?? (tool && withShadow(tool, at(rules, place), at(shadows, place)))
      if (cell) cells.set(place, cell)
      return cell
    },
  }
}

/** What belongs to one person's connection does not exist for anybody else, whatever the rules say. */
const existsFor = (tool: Feature | undefined, owner: string | undefined): Feature | undefined =>
  tool?.owner === undefined || tool.owner === owner ? tool : undefined

/** What rules have done to a tool so far. */
const ALLOWED = 1
const HIDDEN = 2

function visibleFeatures(rules: readonly CompiledRule[], tools: readonly Feature[]): readonly Feature[] {
  const state = new Uint8Array(tools.length)
  for (const rule of rules) {
    const mark = rule.effect === 'allow' ? ALLOWED : rule.effect === 'deny' && isUnconditional(rule) ? HIDDEN : 0
    if (mark !== 0) for (const place of rule.places) state[place] = (state[place] ?? 0) | mark
  }
  return tools.filter((tool, place) => state[place] === ALLOWED && !tool.quarantined)
}

/** Binary search: places are ascending. */
function isAmong(places: Uint32Array, place: number): boolean {
  let low = 0
  let high = places.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((places[middle] ?? 0) < place) low = middle + 1
    else high = middle
  }
  return places[low] === place
}
