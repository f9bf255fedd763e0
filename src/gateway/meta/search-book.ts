import type { Catalog } from '../../catalog/catalog.ts'
import { type Breath, buildInChunks, type SearchIndex } from '../../catalog/search/search-index.ts'
import type { Surroundings } from '../../catalog/search/tool-texts.ts'
import type { ToolId } from '../../kernel/tool.ts'
import { isBuiltIn } from './definitions.ts'

/** Stems by which tools were found before; another map when they change. */
export type LearnedStems = () => ReadonlyMap<ToolId, readonly string[]>

/** The search index of each catalog, made once, in slices, with what the one before knew. */
export interface SearchBook {
  /** Begins to index a catalog that has come into force, unless another has come before its turn. */
  follow(catalog: Catalog): void
  of(catalog: Catalog): Promise<SearchIndex>
}

const NOTHING_LEARNED: ReturnType<LearnedStems> = new Map()

export function searchBook(breath: Breath, learned: LearnedStems = () => NOTHING_LEARNED): SearchBook {
  const made = new WeakMap<Catalog, Made>()
  let latest: { readonly version: string; readonly index: SearchIndex; readonly stems: Made['stems'] } | undefined
  let newest: Catalog | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const build = async (catalog: Catalog, stems: Made['stems']): Promise<SearchIndex> => {
    if (latest?.version === catalog.version && latest.stems === stems) return latest.index
    const tools = [...catalog.tools.values()].filter((tool) => !isBuiltIn(tool))
    const surroundings = withLearned(catalog.surroundings, stems)
    const index = await buildInChunks(tools, { ...surroundings, previous: latest?.index }, breath)
    latest = { version: catalog.version, index, stems }
    return index
  }
  const begin = (catalog: Catalog, stems: Made['stems']): Promise<SearchIndex> => {
    // One at a time: they share a vocabulary. One that fails is tried again when somebody asks.
    const work = queue.then(() => build(catalog, stems))
    queue = work.catch(() => made.delete(catalog))
    made.set(catalog, { stems, work })
    return work
  }
  const of = (catalog: Catalog): Promise<SearchIndex> => {
    const stems = learned()
    const known = made.get(catalog)
    if (known === undefined) return begin(catalog, stems)
    // Nobody waits for what was learned: the search before the next one still answers without it.
    if (known.stems !== stems) void begin(catalog, stems).catch(() => undefined)
    return known.work
  }
  return {
    of,
    follow(catalog) {
      newest = catalog
      queue.then(() => (newest === catalog ? of(catalog) : undefined)).catch(() => undefined) // told to who searches
    },
  }
}

interface Made {
  readonly stems: ReturnType<LearnedStems>
  readonly work: Promise<SearchIndex>
}

function withLearned(surroundings: Surroundings, stems: Made['stems']): Surroundings {
  if (stems.size === 0) return surroundings
  const aliases = new Map(surroundings.aliases)
  for (const [tool, learned] of stems) aliases.set(tool, { ...aliases.get(tool), stems: learned })
  return { ...surroundings, aliases }
}
