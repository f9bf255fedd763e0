import type { AuditEvent } from '../kernel/audit.ts'

/** The most that one event may take. What is larger keeps its facts and loses its payloads. */
export const MAX_EVENT_BYTES = 1_048_576
const MAX_TEXT = 4_096

/**
 * An event as JSON text. One that is too large has its long texts cut and its objects replaced by
 * `{"omittedBytes":…}`: the record says that something is missing instead of not being written.
 */
export function toEventText(event: AuditEvent): string {
  const text = JSON.stringify(event)
  if (isWithin(text, MAX_EVENT_BYTES)) return text
  return JSON.stringify(Object.fromEntries(Object.entries(event).map(([name, value]) => [name, shortened(value)])))
}

function shortened(value: unknown): unknown {
  if (typeof value === 'string') return value.slice(0, MAX_TEXT)
  if (typeof value !== 'object' || value === null) return value
  return { omittedBytes: Buffer.byteLength(JSON.stringify(value)) }
}

/** Characters take at most three bytes each: most texts need not be counted. */
const isWithin = (text: string, bytes: number): boolean => text.length * 3 <= bytes || Buffer.byteLength(text) <= bytes
