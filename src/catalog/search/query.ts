import type { Weights } from './fields.ts'
import { shaped } from './shapes.ts'
import { SYNONYMS } from './synonyms.ts'
import type { VisibleSet } from './visible-set.ts'
import { isStopWord, toStem, toWords } from './words.ts'

/** A word that is looked for, together with the words that may stand for it. */
export interface Concept {
  /** What each of its terms counts: 1 for the query's own word. Terms that no tool has are left out. */
  readonly terms: ReadonlyMap<number, number>
  /** What finding it is worth: the idf of its commonest word, so that a rare synonym of `show` is not a find. */
  readonly idf: number
}

export interface Query {
  readonly concepts: readonly Concept[]
  /** What every term of any concept counts at most. */
  readonly asked: ReadonlyMap<number, number>
  /** The idf of the query's own words, found or not: what a perfect hit would have to explain. */
  readonly mass: number
  /** It asks what is the case, by how it begins; it does not tell what to do. */
  readonly isQuestion: boolean
}

/** Longer queries are cut: the words that count come first. */
const MAX_TEXT = 2_000
const MAX_WORDS = 128

/** The words of a query that count, with what each is worth among the visible tools, their synonyms and their compounds. */
export function toQuery(text: string, set: VisibleSet, weights: Weights): Query {
  const { rest, names, kinds } = shaped(text.slice(0, MAX_TEXT))
  const words = toWords(rest).slice(0, MAX_WORDS)
  const stems = stemsIn(words)
  const own = [...stems].map((stem) => toConcept(set, [[stem, 1], ...synonymsOf(stem, weights)]))
  const more: Weighted = [
    ...compoundsOf(words, weights),
    ...[...stemsIn(toWords(kinds))].map((stem) => [stem, weights.kind] as const),
    ...[...stemsIn(toWords(names).slice(0, MAX_WORDS))].map((stem) => [stem, weights.name] as const),
  ]
  const others = new Map(more.filter(([stem]) => !stems.has(stem)))
  const concepts = [...own, ...[...others].map((other) => toConcept(set, [other]))]
  return {
    concepts,
    isQuestion: QUESTION.test(text),
    asked: askedBy(concepts),
    mass: own.reduce((sum, { idf }) => sum + idf, 0),
  }
}

/** `can` and `could` are left out: they ask for a favour. */
const QUESTION =
  /^\W{0,8}(?:what|which|where|when|who|whose|why|how|is|are|was|were|do|does|did|has|have|any)(?:['’]\w{1,3})?(?!\w)/i

const stemsIn = (words: readonly string[]): ReadonlySet<string> =>
  new Set(words.filter((word) => !isStopWord(word)).map(toStem))

type Weighted = readonly (readonly [stem: string, weight: number])[]

const synonymsOf = (stem: string, { synonym }: Weights): Weighted =>
  (SYNONYMS.get(stem) ?? []).map((other) => [other, synonym])

/** `web page` also finds `webpage`, and `file system` a connection that is called `filesystem`. */
const compoundsOf = (words: readonly string[], { compound }: Weights): Weighted =>
  words.slice(1).map((word, at) => [toStem(`${words[at]}${word}`), compound])

function toConcept(set: VisibleSet, stems: Weighted): Concept {
  const known = stems.flatMap(([stem, weight]) => {
    const term = set.index.vocabulary.find(stem)
    return term === undefined ? [] : [[term, weight] as const]
  })
  const found = known.map(([term]) => set.idf[term] ?? set.idfOfUnknown)
  return { terms: new Map(known), idf: Math.min(...found, set.idfOfUnknown) }
}

function askedBy(concepts: readonly Concept[]): ReadonlyMap<number, number> {
  const asked = new Map<number, number>()
  for (const { terms } of concepts) {
    for (const [term, weight] of terms) asked.set(term, Math.max(weight, asked.get(term) ?? 0))
  }
  return asked
}
