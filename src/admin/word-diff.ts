/** A run of words that stayed, went or came. The texts of `same` and `removed` make the old text, `same` and `added` the new one. */
export interface DiffPart {
  readonly op: 'same' | 'removed' | 'added'
  readonly text: string
}

/** Beyond this many words that differ the whole middle counts as replaced: the table below grows with the square. */
const MOST_WORDS = 2_000

/** What changed between two texts, word by word; white space counts, so that nothing can hide in it. */
export function wordDiff(before: string, after: string): readonly DiffPart[] {
  const a = toWords(before)
  const b = toWords(after)
  const head = commonLength(a, b)
  const tail = commonLength(a.slice(head).toReversed(), b.slice(head).toReversed())
  const middle = diffMiddle(a.slice(head, a.length - tail), b.slice(head, b.length - tail))
  return merge([...toParts('same', a.slice(0, head)), ...middle, ...toParts('same', a.slice(a.length - tail))])
}

const toWords = (text: string): readonly string[] => text.match(/\w+|\s+|[^\w\s]/g) ?? []

const toParts = (op: DiffPart['op'], words: readonly string[]): readonly DiffPart[] =>
  words.map((text) => ({ op, text }))

function commonLength(a: readonly string[], b: readonly string[]): number {
  const end = Math.min(a.length, b.length)
  let length = 0
  while (length < end && a[length] === b[length]) length++
  return length
}

function diffMiddle(a: readonly string[], b: readonly string[]): readonly DiffPart[] {
  if (a.length > MOST_WORDS || b.length > MOST_WORDS) return [...toParts('removed', a), ...toParts('added', b)]
  const longest = longestCommon(a, b)
  const parts: DiffPart[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      parts.push({ op: 'same', text: a[i++] ?? '' })
      j++
    } else if (j >= b.length || (i < a.length && longest(i + 1, j) >= longest(i, j + 1))) {
      parts.push({ op: 'removed', text: a[i++] ?? '' })
    } else {
      parts.push({ op: 'added', text: b[j++] ?? '' })
    }
  }
  return parts
}

/** The length of the longest common subsequence of what follows `i` and `j`. */
function longestCommon(a: readonly string[], b: readonly string[]): (i: number, j: number) => number {
  const width = b.length + 1
  const table = new Uint16Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      table[i * width + j] =
        a[i] === b[j]
          ? (table[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(table[(i + 1) * width + j] ?? 0, table[i * width + j + 1] ?? 0)
    }
  }
  return (i, j) => table[i * width + j] ?? 0
}

function merge(parts: readonly DiffPart[]): readonly DiffPart[] {
  const merged: DiffPart[] = []
  for (const part of parts) {
    const last = merged.at(-1)
    if (last?.op === part.op) merged[merged.length - 1] = { op: part.op, text: last.text + part.text }
    else merged.push(part)
  }
  return merged
}
