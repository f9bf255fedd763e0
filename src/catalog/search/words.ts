import { porterStem } from './porter.ts'
import { STOP_WORDS } from './stop-words.ts'

/** Longer words are cut: nobody types them, and an index must not keep what a downstream server made up. */
const MAX_WORD = 40
const WORD = /[\p{L}\p{N}\p{M}]+/gu
const PART = /\p{Lu}{2,}s(?!\p{L})|\p{Lu}+(?!\p{Ll})|\p{Lu}?[\p{Ll}\p{Lo}\p{Lm}]+|\p{N}+/gu
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+/gu

/**
 * The words of a text, lower case and not stemmed: identifiers are split (`createIssue`, `create_issue`, `s3Bucket`), an
 * inner capital also keeps the whole (`GitHub` is git, hub and github), the plural of capitals is one word (`PRs`), accents
 * fall, and Chinese, Japanese and Korean become pairs of characters. Linear in the length of the text.
 */
export function toWords(text: string): readonly string[] {
  const plain = isAscii(text)
    ? text
    : text
        .normalize('NFKD')
        .replaceAll(/[\u0300-\u036f]/g, '')
        .normalize('NFKC')
  const words: string[] = []
  for (const [word] of plain.replaceAll(/['’](?=\p{L})/gu, '').matchAll(WORD)) {
    if (isAscii(word)) split(word, words)
    else splitScripts(word, words)
  }
  return words
}

/** The stem of a word as the index keeps it. */
export const toStem = (word: string): string => porterStem(word.slice(0, MAX_WORD))

export const isStopWord = (word: string): boolean => STOP_WORDS.has(word)

/** What is left of a text when stop words are gone and the rest is stemmed; each stem once. */
export const stemsOf = (text: string): readonly string[] => [
  ...new Set(
    toWords(text)
      .filter((word) => !isStopWord(word))
      .map(toStem),
  ),
]

const isAscii = (text: string): boolean => !/[^\p{ASCII}]/u.test(text)

function split(word: string, words: string[]): void {
  const parts = word.match(PART) ?? []
  for (const part of parts) words.push(part.toLowerCase())
  if (parts.length > 1 && parts.length < 4 && /\p{Ll}\p{Lu}/u.test(word)) words.push(word.toLowerCase())
}

function splitScripts(word: string, words: string[]): void {
  let from = 0
  for (const match of word.matchAll(CJK)) {
    split(word.slice(from, match.index), words)
    pairs(Array.from(match[0]), words)
    from = match.index + match[0].length
  }
  split(word.slice(from), words)
}

function pairs(characters: readonly string[], words: string[]): void {
  if (characters.length === 1) words.push(characters[0] ?? '')
  for (let at = 0; at + 1 < characters.length; at++) words.push(`${characters[at]}${characters[at + 1]}`)
}
