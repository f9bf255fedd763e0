import * as z from 'zod'
import type { ToolId } from '../kernel/tool.ts'
import { defineCollection, type Store } from '../store/store.ts'

/** By organisation and tool: how often each stem led to the tool. */
const collection = defineCollection(
  'learned_aliases',
  z.strictObject({
    organisation: z.string(),
    tool: z.string(),
    stems: z.record(z.string(), z.int().min(1)),
  }),
)

/** A stem counts from this many successes on: one agent's odd word is not taken for the tool's. */
const SUCCESSES = 2
/** Stems of one tool that search uses: those that led to it most often. */
const MOST_USED = 20
/** Stems of one tool that are counted. */
const MOST_COUNTED = 60
/** Tools of which anything is kept. */
const MOST_TOOLS = 10_000

/** The stems by which tools were found before, kept in the store, for one organisation. */
export interface AliasBook {
  /** What search uses, from memory; the same map until something changes. */
  stems(): ReadonlyMap<ToolId, readonly string[]>
  /** Counts a success; kept when it resolves. */
  learn(tool: ToolId, stems: readonly string[]): Promise<void>
  /** Forgets what was learned of one tool, or of all; resolves with the number of tools forgotten. */
  forget(tool?: ToolId): Promise<number>
}

export async function aliasBook(store: Store, organisation: string): Promise<AliasBook> {
  const rows = (await store.list(collection)).filter(({ value }) => value.organisation === organisation)
  const counts = new Map<ToolId, Counts>(rows.map(({ value }) => [value.tool as ToolId, value.stems]))
  let used: ReadonlyMap<ToolId, readonly string[]> = new Map(
    [...counts].flatMap(([tool, stems]) => toEntries(tool, mostUsed(stems))),
  )
  const idOf = (tool: ToolId): string => `${organisation}/${tool}`
  const set = (tool: ToolId, stems: Counts | undefined): void => {
    if (stems) counts.set(tool, stems)
    else counts.delete(tool)
    const best = mostUsed(stems ?? {})
    if (best.join() === (used.get(tool) ?? []).join()) return
    used = new Map([...[...used].filter(([id]) => id !== tool), ...toEntries(tool, best)])
  }
  return {
    stems: () => used,
    async learn(tool, stems) {
      if (!counts.has(tool) && counts.size >= MOST_TOOLS) return
      const next = counted(counts.get(tool) ?? {}, stems)
      set(tool, next)
      await store.put(collection, idOf(tool), { organisation, tool, stems: next })
    },
    async forget(only) {
      const gone = only === undefined ? [...counts.keys()] : [only].filter((tool) => counts.has(tool))
      for (const tool of gone) {
        set(tool, undefined)
        await store.delete(collection, idOf(tool))
      }
      return gone.length
    },
  }
}

type Counts = Readonly<Record<string, number>>

/** When there are too many, those that were met least give way, so that the newest get their chance. */
function counted(before: Counts, stems: readonly string[]): Counts {
  const met = stems.map((stem) => [stem, (before[stem] ?? 0) + 1] as const)
  const others = Object.entries(before).filter(([stem]) => !stems.includes(stem))
  const room = Math.max(0, MOST_COUNTED - met.length)
  return Object.fromEntries([...met, ...others.toSorted(byCount).slice(0, room)])
}

const byCount = ([a, m]: readonly [string, number], [b, n]: readonly [string, number]): number =>
  n - m || (a < b ? -1 : 1)

const mostUsed = (stems: Counts): readonly string[] =>
  Object.entries(stems)
    .filter(([, count]) => count >= SUCCESSES)
    .toSorted(byCount)
    .slice(0, MOST_USED)
    .map(([stem]) => stem)
    .toSorted()

const toEntries = (tool: ToolId, stems: readonly string[]): readonly (readonly [ToolId, readonly string[]])[] =>
  stems.length === 0 ? [] : [[tool, stems]]
