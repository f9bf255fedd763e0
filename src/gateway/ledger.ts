import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'

/** The audit log as the life of a call uses it. */
export interface Ledger {
  /** Durable when it resolves. A write whose intent cannot be recorded must not be sent. */
  intent(event: AuditEvent): Promise<void>
  /**
   * Recorded in order, durable soon: the call it tells of is over, so nobody waits for the disk. Throws
   * `audit_unavailable` while the log is failing or too far behind, which refuses further calls until it works again.
   */
  outcome(event: AuditEvent): void
  /** Throws when an outcome could not be recorded now; asked before anything is sent. */
  check(): void
  /** Resolves when everything handed over is durable. */
  settled(): Promise<void>
}

/** More unwritten outcomes than this and the gateway stops taking calls: a log that cannot follow is no log. */
const MOST_PENDING = 10_000

export function ledger(log: AuditLog, onFailure: (error: unknown) => void): Ledger {
  const pending = new Set<Promise<void>>()
  let failed: unknown
  const check = (): void => {
    if (failed !== undefined || pending.size >= MOST_PENDING) {
      throw new GatewayError(
        'audit_unavailable',
        'The audit log cannot be written, so no call is made. Ask an admin to look at the gateway’s log.',
        { cause: failed },
      )
    }
  }
  const append = async (event: AuditEvent): Promise<void> => {
    await log.append(event)
    failed = undefined
  }
  const track = (work: Promise<void>): void => {
    pending.add(work)
    void work.finally(() => pending.delete(work))
  }
  return {
    check,
    intent: append,
    outcome(event) {
      track(
        append(event).catch((error: unknown) => {
          failed = error
          onFailure(error)
        }),
      )
    },
    async settled() {
      await Promise.all(pending)
    },
  }
}
