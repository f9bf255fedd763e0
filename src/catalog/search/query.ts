import { SYNONYMS } from './synonyms.ts'
import type { VisibleSet } from './visible-set.ts'
import { isStopWord, toStem, toWords } from './words.ts'

/** A word that is looked for. `term` is undefined when no tool of the index has it. */
export interface QueryTerm {
  readonly term: number | undefined
  /** 1 for a word of the query, less for a synonym of one. */
  readonly weight: number
  readonly idf: number
}

export interface Query {
  readonly terms: readonly QueryTerm[]
  /** The idf of the query's own words, found or not: what a perfect hit would have to explain. */
  readonly mass: number
}

/** Longer queries are cut: the words that count come first. */
const MAX_TEXT = 2_000
const MAX_WORDS = 64

/** The words of a query that count, with what each is worth among the visible tools, and their synonyms. */
export function toQuery(text: string, set: VisibleSet, synonym: number): Query {
  const words = [...new Set(toWords(text.slice(0, MAX_TEXT)).filter((word) => !isStopWord(word)))].slice(0, MAX_WORDS)
  const stems = [...new Set(words.map(toStem))]
  const others = [...new Set(words.flatMap((word) => SYNONYMS.get(word) ?? []).map(toStem))]
  const own = stems.map((stem) => toTerm(stem, 1, set))
  const added = others.filter((stem) => !stems.includes(stem)).map((stem) => toTerm(stem, synonym, set))
  return {
    terms: [...own, ...added.filter(({ term }) => term !== undefined)],
    mass: own.reduce((sum, { idf }) => sum + idf, 0),
  }
}

function toTerm(stem: string, weight: number, set: VisibleSet): QueryTerm {
  const term = set.index.vocabulary.find(stem)
  return { term, weight, idf: inverseFrequency(set, term) }
}

/** Robertson's idf, kept above zero. The same for a word nobody has and a word only hidden tools have. */
export function inverseFrequency({ size, frequencies }: VisibleSet, term: number | undefined): number {
  const frequency = term === undefined ? 0 : (frequencies[term] ?? 0)
  return Math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))
}
