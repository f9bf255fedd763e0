/** Control characters, bidi marks, zero-width and tag characters: what a person reading along would not see. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]+/gu

/** A text of one line, with nothing hidden in it. Descriptions come from servers that nobody vouches for. */
export const plainText = (text: string): string => text.replaceAll(UNSEEN, ' ').replaceAll(/\s+/g, ' ').trim()

/** Cuts at a word where one ends in the last third, and says so with an ellipsis within the limit. */
export function cutText(text: string, limit: number): string {
  if (text.length <= limit) return text
  const cut = text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')
  const space = cut.lastIndexOf(' ')
  return `${(space > (limit * 2) / 3 ? cut.slice(0, space) : cut).trimEnd()}…`
}

const MAX_READ = 2_000
const END = /[.!?](?=\s|$)|[。！？]/g
const ABBREVIATION = /(?:^|[\s(])(?:e\.g|i\.e|etc|vs|approx|no|incl)$/i

/** The first sentence of a text, cut to the limit. */
export function firstSentence(text: string, limit: number): string {
  const plain = plainText(firstParagraph(text.slice(0, MAX_READ)))
  const end = [...plain.matchAll(END)].find(
    ({ index }) => !ABBREVIATION.test(plain.slice(Math.max(0, index - 9), index)),
  )
  return cutText(end === undefined ? plain : plain.slice(0, end.index + 1), limit)
}

/** Text up to the first empty line, which ends a sentence even without a stop. */
const firstParagraph = (text: string): string => text.trimStart().split(/\n\s*\n/, 1)[0] ?? ''
