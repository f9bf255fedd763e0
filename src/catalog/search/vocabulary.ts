import { MAX_TERMS } from './postings.ts'
import { isStopWord, toStem, toWords } from './words.ts'

/** The stems of an index and their numbers. It only grows, so an older index can share it with a newer one. */
export interface Vocabulary {
  readonly size: number
  find(stem: string): number | undefined
  /** The numbers of the words of a text, in their order and with repetitions. Stop words are left out. */
  learn(text: string): readonly number[]
  /** The same for stems that are ready. */
  learnStems(stems: readonly string[]): readonly number[]
}

const MAX_REMEMBERED_WORDS = 50_000

export function openVocabulary(): Vocabulary {
  const numbers = new Map<string, number>()
  const stems = new Map<string, string>()
  const stemOf = (word: string): string => {
    const known = stems.get(word)
    if (known !== undefined) return known
    if (stems.size >= MAX_REMEMBERED_WORDS) stems.clear()
    const stem = toStem(word)
    stems.set(word, stem)
    return stem
  }
  const learnStems = (found: readonly string[]): readonly number[] => {
    for (const stem of found) if (!numbers.has(stem) && numbers.size < MAX_TERMS) numbers.set(stem, numbers.size)
    return found.flatMap((stem) => numbers.get(stem) ?? [])
  }
  return {
    get size() {
      return numbers.size
    },
    find: (stem) => numbers.get(stem),
    learn: (text) =>
      learnStems(
        toWords(text)
          .filter((word) => !isStopWord(word))
          .map(stemOf),
      ),
    learnStems,
  }
}
