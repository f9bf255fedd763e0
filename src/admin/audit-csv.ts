import type { AuditRecord } from '../kernel/audit.ts'

/** The columns, in this order for ever: new ones are added at the end. */
const COLUMNS = [
  'seq',
  'time',
  'type',
  'phase',
  'requestId',
  'trace',
  'principal',
  'agent',
  'user',
  'groups',
  'labels',
  'tool',
  'connection',
  'decision',
  'rule',
  'obligations',
  'shadow',
  'approval',
  'outcome',
  'code',
  'reason',
  'durationMs',
  'policyVersion',
  'detail',
  'claims',
  'projection',
  'argumentsHash',
  'arguments',
  'result',
  'hash',
] as const

/** The names of the columns, as the first line of a file (RFC 4180, `header=present`). */
export const CSV_HEADER = `${COLUMNS.join(',')}\r\n`

/**
 * A record as a line of CSV (RFC 4180): numbers plain, the time in ISO 8601, all else quoted, lists and objects as JSON. A
 * cell that a spreadsheet would take for a formula gets an apostrophe before it (OWASP, CSV Injection), which is not part
 * of the data: JSON lines are the exact form. A member that a record has not, or that was withheld, is an empty cell.
 */
export const toCsvRow = (record: AuditRecord): string => `${COLUMNS.map((name) => toCell(record, name)).join(',')}\r\n`

function toCell(record: AuditRecord, name: (typeof COLUMNS)[number]): string {
  if (name === 'time') return toTime(record.at)
  const value = record[name]
  if (value === undefined) return ''
  if (name === 'seq' || name === 'durationMs') return toNumber(value)
  return quoted(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Whatever stands in a log that was tampered with, it stays a number. */
const toNumber = (value: unknown): string => (typeof value === 'number' && value >= 0 ? String(value) : '')

const MOST_MS = 8_640_000_000_000_000

const toTime = (at: number): string => (Math.abs(at) <= MOST_MS ? new Date(at).toISOString() : '')

/**
 * What begins a formula, also in full width, and after blanks or invisible characters that programs pass over; and what may
 * hide one: tab, carriage return, line feed.
 */
const FORMULA = /^(?:[\s\p{Cc}\p{Cf}\p{Z}]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/u

const quoted = (text: string): string => `"${FORMULA.test(text) ? "'" : ''}${text.replaceAll('"', '""')}"`
