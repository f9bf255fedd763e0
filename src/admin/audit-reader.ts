import type { AuditFilter } from '../audit/query.ts'
import type { Verification } from '../audit/verification.ts'
import type { AuditRecord } from '../kernel/audit.ts'

export type { AuditFilter } from '../audit/query.ts'
export type { Verification } from '../audit/verification.ts'

/** The audit log as admins read it. */
export interface AuditReader {
  /** Newest first. */
  query(
    filter: AuditFilter,
    options: { readonly limit: number; readonly signal: AbortSignal },
  ): AsyncIterable<AuditRecord>
  verify(signal: AbortSignal): Promise<Verification>
  /** What is appended from this call on, until the signal is aborted. */
  tail(signal: AbortSignal): AsyncIterable<AuditRecord>
}
