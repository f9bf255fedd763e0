import { setImmediate } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { buildCatalog } from '../../../src/catalog/catalog.ts'
import { rank } from '../../../src/catalog/search/rank.ts'
import { buildInChunks, type SearchIndex, searchIndex } from '../../../src/catalog/search/search-index.ts'
import { visibleSet } from '../../../src/catalog/search/visible-set.ts'
import type { SourceTool, Tool } from '../../../src/kernel/tool.ts'
import { quantile } from './answers.ts'
import type { DataSet } from './data-set.ts'

export interface Speed {
  readonly tools: number
  readonly buildMs: number
  /** The same in slices, one tool in a hundred changed, all others known from the index before. */
  readonly rebuildMs: number
  /** The longest time that the build in slices kept the event loop, cold and warm. */
  readonly longestSliceMs: number
  readonly visibleSetMs: number
  readonly queryP50Ms: number
  readonly queryP95Ms: number
  readonly queryP99Ms: number
  /** Index and one visible set. */
  readonly megabytes: number
}

const WARM_UP = 300
const QUERIES = 2_000

/** Builds an index of so many tools and asks it the real queries of the sets. */
export async function measureSpeed(sets: readonly DataSet[], count: number): Promise<Speed> {
  const tools = multiplied(
    sets.flatMap((set) => set.tools),
    count,
  )
  searchIndex(tools.slice(0, 500))
  const before = heap()
  const [index, buildMs] = timed(() => searchIndex(tools))
  const [visible, visibleSetMs] = timed(() => visibleSet(index, () => true))
  const after = heap()
  const cold = await inSlices(tools)
  const warm = await inSlices(changed(tools), index)
  const texts = sets.flatMap(({ queries }) => queries.map(({ text }) => text))
  const ask = (at: number) => rank(index, { query: texts[(at * 7) % texts.length] ?? '', visible, limit: 6 })
  for (let at = 0; at < WARM_UP; at++) ask(at)
  const times = Array.from({ length: QUERIES }, (_, at) => timed(() => ask(at))[1])
  return {
    tools: tools.length,
    buildMs: Math.round(buildMs),
    rebuildMs: Math.round(warm.ms),
    longestSliceMs: round(Math.max(cold.longest, warm.longest)),
    visibleSetMs: round(visibleSetMs),
    queryP50Ms: round(quantile(times, 0.5)),
    queryP95Ms: round(quantile(times, 0.95)),
    queryP99Ms: round(quantile(times, 0.99)),
    megabytes: round((after - before) / 1e6),
  }
}

/** Real tools over and over, each copy with a word of its own in its name and description, on a connection of its own. */
function multiplied(tools: readonly Tool[], count: number): readonly Tool[] {
  const rounds = Math.ceil(count / tools.length)
  const inputs = Array.from({ length: rounds }, (_, round) => ({
    connection: round === 0 ? 'real' : `copy-${WORDS[round % WORDS.length]}-${round}`,
    provider: 'mcp',
    identity: `copy ${round}`,
    tools: tools.slice(0, count - round * tools.length).map((tool, at) => varied(tool, round, at)),
  }))
  return [...buildCatalog(inputs, new Map()).tools.values()]
}

const WORDS = 'north south east west sales legal finance support archive staging billing partner mobile desktop'.split(
  ' ',
)

function varied({ definition, ...traits }: Tool, round: number, at: number): SourceTool {
  const word = WORDS[(round + at) % WORDS.length] ?? ''
  const name = `${definition.name}_${word}_${at}`
  return {
    definition: { ...definition, name, description: `${definition.description ?? ''} For ${word} ${round}.` },
    traits,
  }
}

const changed = (tools: readonly Tool[]): readonly Tool[] =>
  tools.map((tool, at) => (at % 100 === 0 ? { ...tool, fingerprint: `${tool.fingerprint} changed` } : tool))

async function inSlices(tools: readonly Tool[], previous?: SearchIndex) {
  let longest = 0
  let since = performance.now()
  const start = since
  const pause = async () => {
    longest = Math.max(longest, performance.now() - since)
    await setImmediate()
    since = performance.now()
  }
  await buildInChunks(tools, { previous }, { clock: () => performance.now(), pause })
  return { ms: performance.now() - start, longest: Math.max(longest, performance.now() - since) }
}

function timed<T>(work: () => T): readonly [result: T, ms: number] {
  const start = performance.now()
  const result = work()
  return [result, performance.now() - start]
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heap(): number {
  collect()
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

const round = (value: number): number => Math.round(value * 100) / 100
