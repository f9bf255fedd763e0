import type { CompiledRule } from './rule.ts'

/** For each place of the catalog the rules that select it, in their order. Cheaper than asking for every cell. */
export function rulesByPlace(rules: readonly CompiledRule[], places: number): readonly (readonly CompiledRule[])[] {
  const lists: CompiledRule[][] = Array.from({ length: places }, () => [])
  for (const rule of rules) for (const place of rule.places) lists[place]?.push(rule)
  return lists
}
