/**
 * A matcher for a text in which `*` stands for any run of characters, empty too. Case-sensitive, without backtracking:
 * each literal piece is looked for once, from left to right.
 */
export function toGlob(pattern: string): (text: string) => boolean {
  const [first = '', ...rest] = pattern.split('*')
  const last = rest.pop()
  if (last === undefined) return (text) => text === pattern
  return (text) => {
    if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last)) return false
    return holdsInOrder(text.slice(first.length, text.length - last.length), rest)
  }
}

function holdsInOrder(text: string, pieces: readonly string[]): boolean {
  let from = 0
  for (const piece of pieces) {
    const at = text.indexOf(piece, from)
    if (at < 0) return false
    from = at + piece.length
  }
  return true
}

/** True when the text has a `*`, so that it names many things instead of one. */
export const isGlob = (pattern: string): boolean => pattern.includes('*')
