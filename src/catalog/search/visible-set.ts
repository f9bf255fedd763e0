import type { Tool } from '../../kernel/tool.ts'
import { FIELDS } from './fields.ts'
import type { SearchIndex } from './search-index.ts'

/** The tools that somebody may see, with the statistics that ranking needs: all of them over these tools alone. */
export interface VisibleSet {
  readonly index: SearchIndex
  /** 1 for the position of each visible tool. */
  readonly mask: Uint8Array
  readonly size: number
  /** What finding each term is worth: the fewer visible tools have it, the more. */
  readonly idf: Float64Array
  /** The same for a word that nobody has, or that only hidden tools have. */
  readonly idfOfUnknown: number
  /** Words of a field, averaged over the visible tools. */
  readonly averages: Float64Array
}

/** Takes the statistics of what is visible: one pass over the index, some milliseconds at 10,000 tools. */
export function visibleSet(index: SearchIndex, isVisible: (tool: Tool) => boolean): VisibleSet {
  const mask = Uint8Array.from(index.tools, (tool) => Number(isVisible(tool)))
  const size = mask.reduce((sum, bit) => sum + bit, 0)
  const idf = Float64Array.from(frequenciesOf(index, mask), (frequency) => inverse(frequency, size))
  return { index, mask, size, idf, idfOfUnknown: inverse(0, size), averages: averagesOf(index, mask, size) }
}

/** Visible sets by a key of the caller's, such as the signature of a policy view. The least recently used falls out. */
export interface VisibleSets {
  of(index: SearchIndex, key: string, isVisible: (tool: Tool) => boolean): VisibleSet
}

export function visibleSets(limit = 32): VisibleSets {
  const sets = new Map<string, VisibleSet>()
  return {
    of(index, key, isVisible) {
      const known = sets.get(key)
      const found = known?.index === index ? known : visibleSet(index, isVisible)
      sets.delete(key)
      sets.set(key, found)
      for (const oldest of sets.keys()) if (sets.size > limit) sets.delete(oldest)
      return found
    },
  }
}

/** Robertson's inverse document frequency, kept above zero. */
const inverse = (frequency: number, size: number): number => Math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))

/** How many visible tools have each term. */
function frequenciesOf({ byTerm: { starts, tools } }: SearchIndex, mask: Uint8Array): Uint32Array {
  const frequencies = new Uint32Array(starts.length - 1)
  for (let term = 0; term < frequencies.length; term++) {
    let last = -1
    let count = 0
    const end = starts[term + 1] ?? 0
    for (let at = starts[term] ?? 0; at < end; at++) {
      const tool = tools[at] ?? 0
      if (tool !== last && mask[tool] === 1) count++
      last = tool
    }
    frequencies[term] = count
  }
  return frequencies
}

function averagesOf({ byTool: { lengths } }: SearchIndex, mask: Uint8Array, size: number): Float64Array {
  const sums = new Float64Array(FIELDS.length)
  for (let tool = 0; tool < mask.length; tool++) {
    if (mask[tool] === 0) continue
    for (let field = 0; field < sums.length; field++) {
      sums[field] = (sums[field] ?? 0) + (lengths[tool * sums.length + field] ?? 0)
    }
  }
  return sums.map((sum) => sum / Math.max(size, 1))
}
