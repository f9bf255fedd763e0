import type { Weights } from './fields.ts'
import { SYNONYMS } from './synonyms.ts'
import type { VisibleSet } from './visible-set.ts'
import { isStopWord, toStem, toWords } from './words.ts'

/** A word that is looked for. `term` is undefined when no tool of the index has it. */
export interface QueryTerm {
  readonly term: number | undefined
  /** 1 for a word of the query, less for what it brings in. */
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
const MAX_WORDS = 128

/** The words of a query that count, with what each is worth among the visible tools, their synonyms and their compounds. */
export function toQuery(text: string, set: VisibleSet, weights: Weights): Query {
  const words = toWords(text.slice(0, MAX_TEXT)).slice(0, MAX_WORDS)
  const stems = new Set(words.filter((word) => !isStopWord(word)).map(toStem))
  const brought = new Map([...synonymsOf(stems, weights), ...compoundsOf(words, weights)])
  const own = [...stems].map((stem) => toTerm(stem, 1, set))
  const more = [...brought].filter(([stem]) => !stems.has(stem)).map(([stem, weight]) => toTerm(stem, weight, set))
  return {
    terms: [...own, ...more].filter(({ idf, term }) => term !== undefined && idf > 0),
    mass: own.reduce((sum, { idf }) => sum + idf, 0),
  }
}

type Weighted = readonly (readonly [stem: string, weight: number])[]

const synonymsOf = (stems: ReadonlySet<string>, { synonym }: Weights): Weighted =>
  [...stems].flatMap((stem) => (SYNONYMS.get(stem) ?? []).map((other) => [other, synonym] as const))

/** `web page` also finds `webpage`, and `file system` a connection that is called `filesystem`. */
const compoundsOf = (words: readonly string[], { compound }: Weights): Weighted =>
  words.slice(1).map((word, at) => [toStem(`${words[at]}${word}`), compound])

function toTerm(stem: string, weight: number, set: VisibleSet): QueryTerm {
  const term = set.index.vocabulary.find(stem)
  return { term, weight, idf: inverseFrequency(set, term) }
}

/** Robertson's idf, kept above zero. The same for a word nobody has and a word only hidden tools have. */
export function inverseFrequency({ size, frequencies }: VisibleSet, term: number | undefined): number {
  const frequency = term === undefined ? 0 : (frequencies[term] ?? 0)
  return Math.log(1 + (size - frequency + 0.5) / (frequency + 0.5))
}
