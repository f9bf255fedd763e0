/** A line of both texts (` `), of the first alone (`-`) or of the second alone (`+`). */
export type DiffLine = `${' ' | '-' | '+'}${string}`

/** Beyond this product of lengths the texts are shown one after the other. */
const MAX_CELLS = 1_000_000

/** The fewest lines taken out and put in that make one text of another: the longest common subsequence stays. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly DiffLine[] {
  if (before.length * after.length > MAX_CELLS) return [...before.map(out), ...after.map(into)]
  const width = after.length + 1
  const common = lengths(before, after)
  const lines: DiffLine[] = []
  let [row, column] = [0, 0]
  while (row < before.length && column < after.length) {
    const [was = '', is = ''] = [before[row], after[column]]
    if (was === is) {
      lines.push(` ${was}`)
      row++
      column++
    } else if ((common[(row + 1) * width + column] ?? 0) >= (common[row * width + column + 1] ?? 0)) {
      lines.push(out(was))
      row++
    } else {
      lines.push(into(is))
      column++
    }
  }
  return [...lines, ...before.slice(row).map(out), ...after.slice(column).map(into)]
}

const out = (line: string): DiffLine => `-${line}`
const into = (line: string): DiffLine => `+${line}`

/** How long the longest common subsequence is from each pair of lines to the ends. */
function lengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1
  const table = new Uint32Array((before.length + 1) * width)
  for (let row = before.length - 1; row >= 0; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const at = row * width + column
      table[at] =
        before[row] === after[column]
          ? (table[at + width + 1] ?? 0) + 1
          : Math.max(table[at + width] ?? 0, table[at + 1] ?? 0)
    }
  }
  return table
}
