/** Longer names are not compared: that takes time, and nobody mistypes them. */
const MAX_LENGTH = 64

/** ` Did you mean "…"?` with the known name that is nearest to what was written, or nothing when none is near. */
export function suggest(written: string, known: Iterable<string>): string {
  if (written.length > MAX_LENGTH) return ''
  let best: string | undefined
  let least = Math.ceil(written.length / 3) + 1
  for (const name of known) {
    if (name.length > MAX_LENGTH) continue
    const distance = distanceBetween(written.toLowerCase(), name.toLowerCase())
    if (distance < least) [best, least] = [name, distance]
  }
  return best === undefined ? '' : ` Did you mean ${JSON.stringify(best)}?`
}

/** Levenshtein's distance, one row at a time. */
function distanceBetween(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let index = 0; index < a.length; index++) {
    const next = [index + 1]
    for (let column = 0; column < b.length; column++) {
      const swap = (row[column] ?? 0) + (a.charAt(index) === b.charAt(column) ? 0 : 1)
      next.push(Math.min(swap, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? MAX_LENGTH
}
