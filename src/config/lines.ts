export interface LineAndColumn {
  readonly line: number
  readonly column: number
}

/** Line and column of an offset, both from 1, columns in UTF-16 units: what editors show and jump to. */
export function lineAndColumn(text: string, offset: number): LineAndColumn {
  const before = text.slice(text.startsWith('\uFEFF') ? 1 : 0, offset)
  const line = before.split('\n')
  return { line: line.length, column: (line.at(-1)?.length ?? 0) + 1 }
}
