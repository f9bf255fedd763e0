import type { Tool } from '../../kernel/tool.ts'
import { DEFINITION_FIELDS, FIELDS, type Field } from './fields.ts'
import { fieldOf, packed, type PostingList, postingList } from './postings.ts'
import type { SearchIndex } from './search-index.ts'
import { definitionTexts, type Surroundings, surroundingTexts } from './tool-texts.ts'
import type { Vocabulary } from './vocabulary.ts'

/** What stands in each tool. The postings of tool n are those from `starts[n]` to `starts[n + 1]`, ordered by field. */
export interface ToolPostings {
  readonly postings: Uint32Array
  readonly starts: Uint32Array
  /** Words of each field of each tool, at `tool * FIELDS.length + field`. */
  readonly lengths: Uint16Array
}

interface Reading extends Surroundings {
  readonly previous: SearchIndex | undefined
}

/** Reads the texts of all tools; definitions that the previous index has read already are copied from there. */
export function* readTools(
  tools: readonly Tool[],
  vocabulary: Vocabulary,
  reading: Reading,
): Generator<undefined, ToolPostings> {
  const before = byFingerprint(reading.previous)
  const list = postingList()
  const starts = new Uint32Array(tools.length + 1)
  const lengths = new Uint16Array(tools.length * FIELDS.length)
  for (const [position, tool] of tools.entries()) {
    const page: Page = { list, vocabulary, lengths, offset: position * FIELDS.length }
    const known = unchanged(reading.previous, before.get(tool.fingerprint), tool)
    if (known === undefined) for (const [field, text] of definitionTexts(tool.definition)) write(page, field, text)
    else copy(page, known.index, known.position)
    for (const [field, text] of surroundingTexts(tool, reading)) write(page, field, text)
    writeStems(page, reading.aliases?.get(tool.id)?.stems ?? [])
    starts[position + 1] = list.length
    yield
  }
  return { postings: list.finished(), starts, lengths }
}

interface Page {
  readonly list: PostingList
  readonly vocabulary: Vocabulary
  readonly lengths: Uint16Array
  /** Where the lengths of this tool begin. */
  readonly offset: number
}

const byFingerprint = (index: SearchIndex | undefined): ReadonlyMap<string, number> =>
  new Map((index?.tools ?? []).map(({ fingerprint }, position) => [fingerprint, position]))

/** The fingerprint is over the upstream's own definition; an admin may show another title or description. */
function unchanged(index: SearchIndex | undefined, position: number | undefined, { definition }: Tool) {
  const known = position === undefined ? undefined : index?.tools[position]?.definition
  if (index === undefined || position === undefined || known === undefined) return undefined
  const { name, title, description } = known
  const isSame = name === definition.name && title === definition.title && description === definition.description
  return isSame ? { index, position } : undefined
}

function copy({ list, lengths, offset }: Page, { byTool }: SearchIndex, position: number): void {
  const end = byTool.starts[position + 1] ?? 0
  for (let at = byTool.starts[position] ?? 0; at < end; at++) {
    const posting = byTool.postings[at] ?? 0
    if (fieldOf(posting) < DEFINITION_FIELDS) list.add(posting)
  }
  const from = position * FIELDS.length
  lengths.set(byTool.lengths.subarray(from, from + DEFINITION_FIELDS), offset)
}

const write = (page: Page, field: Field, text: string): void => {
  if (text !== '') writeTerms(page, FIELDS.indexOf(field), page.vocabulary.learn(text))
}

const MAX_STEMS = 400

const writeStems = (page: Page, stems: readonly string[]): void =>
  writeTerms(page, FIELDS.indexOf('learned'), page.vocabulary.learnStems(stems.slice(0, MAX_STEMS)))

function writeTerms({ list, lengths, offset }: Page, field: number, terms: readonly number[]): void {
  const counts = new Map<number, number>()
  for (const term of terms) counts.set(term, (counts.get(term) ?? 0) + 1)
  for (const [term, count] of counts) list.add(packed(term, field, count))
  lengths[offset + field] = (lengths[offset + field] ?? 0) + terms.length
}
