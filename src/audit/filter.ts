import type { AuditRecord } from '../kernel/audit.ts'

/** Which records; every part that is given must match. Times are milliseconds since the epoch. */
export interface AuditFilter {
  readonly type?: string
  readonly principal?: string
  readonly agent?: string
  readonly user?: string
  /** The canonical id. */
  readonly tool?: string
  readonly connection?: string
  readonly decision?: 'allow' | 'deny'
  /** The rule that decided. */
  readonly rule?: string
  readonly outcome?: string
  /** The GatewayError code of a failure. */
  readonly code?: string
  /** The id of an approval: what became of it, and the calls that it stood before. */
  readonly approval?: string
  readonly requestId?: string
  /** The trace that the call belongs to: 32 hex digits. */
  readonly trace?: string
  /** From this moment on. */
  readonly since?: number
  /** Before this moment. */
  readonly until?: number
  /** Anywhere in the record as it stands in the file, whatever the case. */
  readonly text?: string
  /** Only records before this `seq`: the next page begins at the last one's. */
  readonly beforeSeq?: number
}

const EQUAL = [
  'type',
  'principal',
  'agent',
  'user',
  'tool',
  'connection',
  'decision',
  'rule',
  'outcome',
  'code',
  'requestId',
  'trace',
] as const

/** Whether a record, which stands in the file as these bytes, is one of those that are wanted. */
export function isMatch(record: AuditRecord, bytes: Buffer, filter: AuditFilter): boolean {
  return (
    EQUAL.every((name) => filter[name] === undefined || record[name] === filter[name]) &&
    (filter.approval === undefined || isAbout(record, filter.approval)) &&
    (filter.since === undefined || record.at >= filter.since) &&
    (filter.until === undefined || record.at < filter.until) &&
    (filter.beforeSeq === undefined || record.seq < filter.beforeSeq) &&
    (filter.text === undefined || bytes.toString('utf8').toLowerCase().includes(filter.text.toLowerCase()))
  )
}

const isAbout = ({ approval, detail }: AuditRecord, id: string): boolean =>
  approval === id || detail?.['approval'] === id
