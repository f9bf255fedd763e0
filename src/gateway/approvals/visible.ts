/** A piece of text as a person must see it: as it is, or a mark in its place that names the character. */
export interface VisiblePart {
  readonly text: string
  /** What cannot be seen, reorders what is around it, or looks like something else. */
  readonly mark?: 'invisible' | 'bidi' | 'lookalike' | undefined
}

/** Letters of other scripts that are drawn like ASCII ones (Unicode TR39, the ones in use for deceit). */
const LOOKALIKES =
  /[\u0391-\u03a9\u03bf\u03c1\u0400-\u045f\u04bb\u04cf\u0501\u051b\u051d\u0555\u0585\u13a0-\u13f4\u1d0b-\u1d22\u2010-\u2015\u2024\u2044\u2215\u2236\uff01-\uff5e]/u
const BIDI = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u
/** Control, format, unassigned, private and ignorable characters (fillers, variation selectors, tags), and odd spaces. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cn}\p{Co}\p{Cs}\p{Zl}\p{Zp}\p{DI}\u2800]|(?! )\p{Zs}/u
const ODD = new RegExp(`${BIDI.source}|${INVISIBLE.source}|${LOOKALIKES.source}`, 'gu')

/**
 * The text in parts, with everything marked that a reader would miss or misread. Line feeds stay; tabs and all other
 * control characters are marked. A lookalike is marked only beside ASCII letters: a Greek or Russian word is honest.
 */
export function visibleParts(text: string): readonly VisiblePart[] {
  const parts: VisiblePart[] = []
  let from = 0
  for (const { index, 0: character } of text.matchAll(ODD)) {
    const mark = markOf(text, character, index)
    if (!mark) continue
    if (index > from) parts.push({ text: text.slice(from, index) })
    parts.push({ text: named(character, mark), mark })
    from = index + character.length
  }
  return from < text.length ? [...parts, { text: text.slice(from) }] : parts
}

/** The same as one line of text, marks in angle brackets. */
export const visibleText = (text: string): string =>
  visibleParts(text)
    .map(({ text: part, mark }) => (mark ? `⟨${part}⟩` : part))
    .join('')

function markOf(text: string, character: string, index: number): VisiblePart['mark'] {
  if (character === '\n') return undefined
  if (BIDI.test(character)) return 'bidi'
  if (INVISIBLE.test(character)) return 'invisible'
  return wordAround(text, index, character.length).search(/[A-Za-z]/) >= 0 || isSpoofingAlone(character)
    ? 'lookalike'
    : undefined
}

/** Fullwidth forms and dashes that stand for ASCII wherever they are. */
const isSpoofingAlone = (character: string): boolean => /[\u2024\u2044\u2215\u2236\uff01-\uff5e]/u.test(character)

const SIDE = 64

function wordAround(text: string, index: number, length: number): string {
  const before = /[\p{L}\p{N}.@_-]*$/u.exec(text.slice(Math.max(0, index - SIDE), index))?.[0] ?? ''
  const after = /^[\p{L}\p{N}.@_-]*/u.exec(text.slice(index + length, index + length + SIDE))?.[0] ?? ''
  return before + after
}

function named(character: string, mark: VisiblePart['mark']): string {
  const code = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
  return mark === 'lookalike' ? `${character} ${code}` : code
}
