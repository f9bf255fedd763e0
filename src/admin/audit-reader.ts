import type { AuditFilter } from '../audit/filter.ts'
import type { AuditLogStatus } from '../audit/jsonl-audit-log.ts'
import type { StatementKey } from '../audit/statement.ts'
import type { Verification } from '../audit/verification.ts'
import type { AuditRecord } from '../kernel/audit.ts'

export type { AuditFilter } from '../audit/filter.ts'
export type { Verification } from '../audit/verification.ts'

/** Checkpoints that were kept elsewhere, to compare the log with. */
export interface KeptCheckpoints {
  /** One JSON object each: a checkpoint, or a log line that carries one. */
  readonly lines: readonly string[]
  /** Who must have signed them; the keys of this gateway when left out. */
  readonly keys?: readonly StatementKey[] | undefined
}

/** What others need to hold this gateway to its log. */
export interface CheckpointStatus extends AuditLogStatus {
  /** From the newest to the oldest. */
  readonly keys: readonly StatementKey[]
}

/** The audit log as admins read it. */
export interface AuditReader {
  /** Newest first. */
  query(
    filter: AuditFilter,
    options: { readonly limit: number; readonly signal: AbortSignal },
  ): AsyncIterable<AuditRecord>
  /** All that match, oldest first, with memory for one. */
  read(filter: AuditFilter, signal: AbortSignal): AsyncIterable<AuditRecord>
  verify(options: { readonly kept?: KeptCheckpoints | undefined; readonly signal: AbortSignal }): Promise<Verification>
  checkpoints(): CheckpointStatus
  /** What is appended from this call on, until the signal is aborted. */
  tail(signal: AbortSignal): AsyncIterable<AuditRecord>
}
