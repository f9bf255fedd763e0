import type { Tool } from '../../kernel/tool.ts'
import { readTools, type ToolPostings } from './read-tools.ts'
import type { Surroundings } from './tool-texts.ts'
import { turnOver, type TermPostings } from './turn-over.ts'
import { openVocabulary, type Vocabulary } from './vocabulary.ts'

/**
 * The words of a catalog's tools, ready to be ranked; tools are known by their position. It holds no statistics: those
 * are taken per visible set, so that a hidden tool cannot be felt.
 */
export interface SearchIndex {
  readonly tools: readonly Tool[]
  readonly vocabulary: Vocabulary
  readonly byTool: ToolPostings
  readonly byTerm: TermPostings
}

export interface IndexOptions extends Surroundings {
  /** The index of the catalog before: what its fingerprints say is unchanged is taken over, not read again. */
  readonly previous?: SearchIndex | undefined
}

/** Indexes all tools at once. Use `buildInChunks` where requests are waiting. */
export function searchIndex(tools: readonly Tool[], options: IndexOptions = {}): SearchIndex {
  const steps = indexing(tools, options)
  for (;;) {
    const step = steps.next()
    if (step.done === true) return step.value
  }
}

/** How a long build breathes: `pause` lets others run (such as `setImmediate`), `clock` gives milliseconds. */
export interface Breath {
  readonly clock: () => number
  pause(): Promise<unknown>
  readonly signal?: AbortSignal | undefined
}

const SLICE_MS = 5

/** Makes what `searchIndex` makes, in slices of about 5 ms. Rejects with the signal's reason when it is aborted. */
export async function buildInChunks(
  tools: readonly Tool[],
  options: IndexOptions,
  { clock, pause, signal }: Breath,
): Promise<SearchIndex> {
  const steps = indexing(tools, options)
  for (;;) {
    signal?.throwIfAborted()
    const until = clock() + SLICE_MS
    do {
      const step = steps.next()
      if (step.done === true) return step.value
    } while (clock() < until)
    await pause()
  }
}

/** A step is a tool read or filed: never more than a millisecond or two of work. */
function* indexing(tools: readonly Tool[], options: IndexOptions): Generator<undefined, SearchIndex> {
  const previous = reusable(options.previous)
  const vocabulary = previous?.vocabulary ?? openVocabulary()
  const byTool = yield* readTools(tools, vocabulary, { ...options, previous })
  const byTerm = yield* turnOver(byTool, vocabulary.size)
  return { tools, vocabulary, byTool, byTerm }
}

const MAX_UNUSED_TERMS = 20_000

/** A vocabulary most of whose words nobody uses any more is given up, with what was counted in its numbers. */
function reusable(previous: SearchIndex | undefined): SearchIndex | undefined {
  if (previous === undefined) return undefined
  return previous.vocabulary.size > previous.byTerm.used * 2 + MAX_UNUSED_TERMS ? undefined : previous
}
