import type { Catalog } from '../../catalog/catalog.ts'
import { type Breath, buildInChunks, type SearchIndex } from '../../catalog/search/search-index.ts'
import { isBuiltIn } from './definitions.ts'

/** The search index of each catalog, made once, in slices, with what the one before knew. */
export interface SearchBook {
  /** Begins to index a catalog that has come into force, unless another has come before its turn. */
  follow(catalog: Catalog): void
  of(catalog: Catalog): Promise<SearchIndex>
}

export function searchBook(breath: Breath): SearchBook {
  const made = new WeakMap<Catalog, Promise<SearchIndex>>()
  let latest: { readonly version: string; readonly index: SearchIndex } | undefined
  let newest: Catalog | undefined
  let queue: Promise<unknown> = Promise.resolve()

  const build = async (catalog: Catalog): Promise<SearchIndex> => {
    if (latest?.version === catalog.version) return latest.index
    const tools = [...catalog.tools.values()].filter((tool) => !isBuiltIn(tool))
    const index = await buildInChunks(tools, { ...catalog.surroundings, previous: latest?.index }, breath)
    latest = { version: catalog.version, index }
    return index
  }
  const of = (catalog: Catalog): Promise<SearchIndex> => {
    const known = made.get(catalog)
    if (known) return known
    // One at a time: they share a vocabulary. One that fails is tried again when somebody asks.
    const work = queue.then(() => build(catalog))
    queue = work.catch(() => made.delete(catalog))
    made.set(catalog, work)
    return work
  }
  return {
    of,
    follow(catalog) {
      newest = catalog
      queue.then(() => (newest === catalog ? of(catalog) : undefined)).catch(() => undefined) // told to who searches
    },
  }
}
