/** Where a word of a tool can stand: first what its definition says, then what surrounds it. */
export const FIELDS = [
  'name',
  'description',
  'parameters',
  'parameterDescriptions',
  'connection',
  'connectionDescription',
  'aliases',
  'learned',
] as const

export type Field = (typeof FIELDS)[number]

/** Fields before this one depend on the definition alone. */
export const DEFINITION_FIELDS = FIELDS.indexOf('connection')

/** BM25F: what a word in a field is worth, and how much a long field dampens it (0 not at all, 1 in full). */
export interface FieldWeight {
  readonly weight: number
  readonly b: number
}

export interface Weights {
  readonly fields: Readonly<Record<Field, FieldWeight>>
  /** How soon repeating a word stops to count. */
  readonly k1: number
  /** A tool all of whose name words are in the query scores this much more (0.4: 40%). */
  readonly nameCoverage: number
  /** A tool whose connection the query calls by its name scores this much more. */
  readonly connectionCoverage: number
  /** What a synonym counts, relative to the word itself. */
  readonly synonym: number
  /** What two neighbouring words written as one count (`web page`, `webpage`). */
  readonly compound: number
  /** What it counts that something is a file or an issue, when the query only shows one by its name (`shapes.ts`). */
  readonly kind: number
  /** What the words of such a name count. */
  readonly name: number
  /** A question is hardly answered by a tool that is known to change something: its score is multiplied with this. */
  readonly changing: number
  /** Best score by idf of the query's words: below this there is no close match. */
  readonly weakBelow: number
}

/**
 * Tuned on the tune split (30%) of the sets that `npm run bench:discovery` reads, and rounded: the figures there are flat
 * around these. Change them only with its held-out figures before and after.
 */
export const WEIGHTS: Weights = {
  fields: {
    name: { weight: 6, b: 0.4 },
    description: { weight: 1, b: 0.6 },
    parameters: { weight: 1, b: 0.25 },
    parameterDescriptions: { weight: 0.75, b: 0.7 },
    connection: { weight: 1.2, b: 0.3 },
    connectionDescription: { weight: 0.5, b: 0.7 },
    aliases: { weight: 1.2, b: 0.4 },
    learned: { weight: 0.6, b: 0.75 },
  },
  k1: 1.8,
  nameCoverage: 0.8,
  connectionCoverage: 0.6,
  synonym: 0.45,
  compound: 0.85,
  kind: 0.7,
  name: 0.3,
  changing: 0.7,
  weakBelow: 0.42,
}
