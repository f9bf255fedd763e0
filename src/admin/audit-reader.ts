import type { AuditRecord } from '../kernel/audit.ts'

/** Which records; every part that is given must match. Times are milliseconds since the epoch. */
export interface AuditFilter {
  readonly type?: string | undefined
  readonly agent?: string | undefined
  readonly user?: string | undefined
  readonly tool?: string | undefined
  readonly connection?: string | undefined
  readonly decision?: 'allow' | 'deny' | undefined
  readonly outcome?: string | undefined
  readonly requestId?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** Only records before this `seq`. */
  readonly beforeSeq?: number | undefined
}

/** Whether the chain holds, and where it breaks when it does not. */
export interface Verification {
  readonly ok: boolean
  readonly records: number
}

export interface AuditReader {
  /** Newest first. */
  query(filter: AuditFilter, limit: number): AsyncIterable<AuditRecord>
  verify(signal: AbortSignal): Promise<Verification>
  /** What is appended from now on, until the signal is aborted. */
  tail(signal: AbortSignal): AsyncIterable<AuditRecord>
}
