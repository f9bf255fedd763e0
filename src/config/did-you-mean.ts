/** Longer words are not compared: nobody types them by hand. */
const MAX_LENGTH = 64
const MAX_CANDIDATES = 500

/** `; did you mean "x"?` for the known word nearest to what was written, or nothing when none is near. */
export function didYouMean(written: string, known: readonly string[]): string {
  const nearest = nearestWord(written, known)
  return nearest === undefined ? '' : `; did you mean "${nearest}"?`
}

function nearestWord(written: string, known: readonly string[]): string | undefined {
  if (written.length > MAX_LENGTH) return undefined
  const limit = Math.max(1, Math.floor(written.length / 3))
  const ranked = known
    .slice(0, MAX_CANDIDATES)
    .filter((word) => word.length <= MAX_LENGTH)
    .map((word) => ({ word, distance: distance(written.toLowerCase(), word.toLowerCase()) }))
    .filter((candidate) => candidate.distance <= limit)
    .toSorted((a, b) => a.distance - b.distance)
  return ranked[0]?.word
}

/** Edits between two words; a swap of neighbours counts as one (optimal string alignment). */
function distance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (same ? 0 : 1),
        swapped ? (beforePrevious[j - 2] ?? 0) + 1 : Infinity,
      )
    }
    beforePrevious = previous
    previous = row
  }
  return previous[b.length] ?? 0
}
