import type { CompiledRule } from './rule.ts'

/** Finds the argument pointers of the rules that select a place of the catalog: each once, sorted. Remembers them. */
export function pointerIndex(rules: readonly CompiledRule[]): (place: number) => readonly string[] {
  const sets: (Set<string> | undefined)[] = []
  for (const { spec, places: selected } of rules) {
    const pointers = Object.keys(spec.args ?? {})
    if (pointers.length === 0) continue
    for (const place of selected) {
      const set = (sets[place] ??= new Set())
      for (const pointer of pointers) set.add(pointer)
    }
  }
  const lists = sets.map((set) => [...(set ?? [])].sort())
  return (place) => lists[place] ?? []
}
