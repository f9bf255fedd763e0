import type { Shell } from './shell.ts'

/** A color for people; commands speak of meanings only. */
export type Tone = 'good' | 'bad' | 'warn' | 'dim' | 'bold'

const CODES: Record<Tone, string> = { good: '32', bad: '31', warn: '33', dim: '2', bold: '1' }

/** A cell of a table; a tone colours the padded text, so that columns stay aligned. */
export type Cell = string | { readonly text: string; readonly tone: Tone }

/**
 * Text from elsewhere (descriptions of tools, errors of services) as it may go to a terminal: control characters and
 * marks that reverse the reading direction are shown, not obeyed.
 */
export const plain = (text: string): string =>
  text.replaceAll(
    /(?![\t\n])[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

const oneLine = (text: string): string => plain(text.replaceAll(/\s+/g, ' ').trim())

/** The text in its tone where colours are wanted. */
export const paint = (shell: Shell, tone: Tone, text: string): string =>
  shell.color ? `\u001b[${CODES[tone]}m${text}\u001b[0m` : text

/** Prints what people read. */
export const say = (shell: Shell, text: string): void => shell.stdout(`${text}\n`)

/** Prints one JSON document. */
export const sayJson = (shell: Shell, value: unknown): void => shell.stdout(`${JSON.stringify(value, undefined, 2)}\n`)

/** Prints rows under a heading, columns aligned, the last one cut to the terminal's width. */
export function sayTable(shell: Shell, heading: readonly string[], rows: readonly (readonly Cell[])[]): void {
  const all = [heading.map((text): Cell => ({ text, tone: 'dim' })), ...rows]
  const widths = heading.map((_, column) => Math.max(...all.map((row) => oneLine(textOf(row[column])).length)))
  for (const row of all) say(shell, toLine(shell, row, widths))
}

function toLine(shell: Shell, row: readonly Cell[], widths: readonly number[]): string {
  const before = widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0)
  const cells = row.map((cell, column) => {
    const text = oneLine(textOf(cell))
    const last = column === row.length - 1
    const fitted = last
      ? cut(text, (shell.columns ?? Number.POSITIVE_INFINITY) - before)
      : text.padEnd(widths[column] ?? 0)
    return typeof cell === 'string' ? fitted : paint(shell, cell.tone, fitted)
  })
  return cells.join('  ').trimEnd()
}

const textOf = (cell: Cell | undefined): string => (typeof cell === 'object' ? cell.text : (cell ?? ''))

const cut = (text: string, width: number): string =>
  text.length <= Math.max(width, 16) ? text : `${text.slice(0, Math.max(width, 16) - 1)}…`

/** A time as people compare it: `2026-11-21 09:43:51Z`. */
export const toTime = (at: number): string => `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const

/** A span of time in its largest unit: `3m`. */
export function toSpan(ms: number): string {
  const [unit, size] = UNITS.find(([, size]) => ms >= size) ?? ['ms', 1]
  return `${Math.floor(ms / size)}${unit}`
}
