import type { AuditReader } from '../admin/audit-reader.ts'
import type { AuditLog } from '../kernel/audit.ts'

/** The audit log for who reads it: calls that were answered before are in it, although nobody waited for their lines. */
export const settledAudit = (audit: AuditLog & AuditReader, settled: () => Promise<void>): AuditLog & AuditReader => ({
  ...audit,
  async *query(filter, options) {
    await settled()
    yield* audit.query(filter, options)
  },
  async *read(filter, signal) {
    await settled()
    yield* audit.read(filter, signal)
  },
})
