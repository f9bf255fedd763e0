import type { AuditRecord } from '../kernel/audit.ts'
import { isGenuine, type Link, parseLine } from './line.ts'

export type Verdict =
  | { readonly fault: undefined; readonly record: AuditRecord }
  | { readonly fault: 'damaged' }
  | { readonly fault: 'missing' | 'reordered' | 'foreign'; readonly record: AuditRecord }

export interface LineChecker {
  /** Whether a line follows `before`. */
  check(bytes: Buffer, before: Link): Verdict
  /** Whether a line is the genuine record of this number, wherever it stands. */
  isRecord(bytes: Buffer, seq: number): boolean
}

/**
 * `keys` from the newest to the oldest. Once a line was sealed with a newer key, older ones count no more: a retired key
 * that leaked cannot write on.
 */
export function lineChecker(keys: readonly Buffer[]): LineChecker {
  let accepted = keys
  return {
    check(bytes, before) {
      const line = parseLine(bytes)
      const index = line ? accepted.findIndex((key) => isGenuine(key, line)) : -1
      if (!line || index === -1) return { fault: 'damaged' }
      const { record } = line
      if (record.seq > before.seq + 1) return { fault: 'missing', record }
      if (record.seq <= before.seq) return { fault: 'reordered', record }
      if (record.prev !== before.hash) return { fault: 'foreign', record }
      accepted = accepted.slice(0, index + 1)
      return { fault: undefined, record }
    },
    isRecord(bytes, seq) {
      const line = parseLine(bytes)
      return line?.record.seq === seq && accepted.some((key) => isGenuine(key, line))
    },
  }
}
