import { GatewayError } from '../kernel/errors.ts'
import type { JsonText } from './json-text.ts'
import { type LineAndColumn, lineAndColumn } from './lines.ts'

const MAX_SHOWN = 50
const MAX_REPORTED = 200

/** Something wrong with the configuration. */
export interface ConfigProblem {
  /** JSON Pointer of what is wrong; empty for the whole file. */
  readonly pointer: string
  /** What is wrong and what to write instead. Never holds a value that came from the environment or a file. */
  readonly detail: string
  /** Where it is, when the pointer alone does not tell: the second of two keys. */
  readonly at?: LineAndColumn
}

/** Finds where something stands in the text; a value that is missing is looked for where it should be. */
export type Locate = (pointer: string) => LineAndColumn

export const locateIn =
  (text: string, { keys, values }: Pick<JsonText, 'keys' | 'values'>): Locate =>
  (pointer) => {
    for (let at = pointer; ; at = at.slice(0, at.lastIndexOf('/'))) {
      const offset = keys.get(at) ?? values.get(at)
      if (offset !== undefined) return lineAndColumn(text, offset)
      if (at === '') return { line: 1, column: 1 }
    }
  }

/**
 * The one error of this room. Its message has a line for each problem, `file:line:column  /path  what is wrong`;
 * `data.problems` has the same for programs.
 */
export function configInvalid(file: string, problems: readonly ConfigProblem[], locate: Locate): GatewayError {
  const placed = problems
    .slice(0, MAX_REPORTED)
    .map(({ pointer, detail, at = locate(pointer) }) => ({ file, pointer, detail, ...at }))
    .toSorted((a, b) => a.line - b.line || a.column - b.column)
  const lines = placed
    .slice(0, MAX_SHOWN)
    .map(({ pointer, detail, line, column }) =>
      [`${file}:${line}:${column}`, pointer, detail].filter(Boolean).join('  '),
    )
    .map(visible)
  const more = problems.length - lines.length
  const tail = more > 0 ? [`… and ${more} more. Correct these first.`] : []
  return new GatewayError('config_invalid', [...lines, ...tail].join('\n'), { data: { problems: placed } })
}

/** Keys are anything: what would break a line, colour a terminal or hide text is written out. */
const visible = (line: string): string =>
  line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16) ?? ''}}`)
