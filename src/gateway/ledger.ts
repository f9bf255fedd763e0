import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import { roster } from '../kernel/roster.ts'

/** The audit log as the life of a call uses it. */
export interface Ledger {
  /** Durable when it resolves. A write whose intent cannot be recorded must not be sent. */
  intent(event: AuditEvent): Promise<void>
  /** Recorded in order, durable soon: the call it tells of is over, so nobody waits for the disk. */
  outcome(event: AuditEvent): void
  /**
   * Asked before anything is sent. While outcomes cannot be written, calls wait for one line that can: it throws
   * `audit_unavailable` until the log works again.
   */
  check(at: number): Promise<void> | undefined
  /** Outcomes that are not durable yet. */
  pending(): number
  /** Resolves when everything handed over is durable, or has failed. */
  settled(): Promise<void>
}

/** More unwritten outcomes than this and the gateway stops taking calls: a log that cannot follow is no log. */
const MOST_PENDING = 10_000

export function ledger(log: AuditLog, onFailure: (error: unknown) => void): Ledger {
  const pending = roster<Promise<void>>()
  let failed = false
  const append = async (event: AuditEvent, canWait = false): Promise<void> => {
    await log.append(event, { canWait })
    failed = false
  }
  const outcome = (event: AuditEvent): void => {
    const work = append(event, true)
      .catch((error: unknown) => {
        failed = true
        onFailure(error)
      })
      .finally(() => pending.leave(number))
    const number = pending.enter(work)
  }
  return {
    intent: (event) => append(event),
    outcome,
    check(at) {
      if (pending.size >= MOST_PENDING) throw unavailable('is too far behind')
      return failed ? resume(append, at) : undefined
    },
    pending: () => pending.size,
    async settled() {
      await Promise.all(pending.all())
    },
  }
}

async function resume(append: (event: AuditEvent) => Promise<void>, at: number): Promise<void> {
  try {
    await append({ type: 'audit.resumed', phase: 'event', at })
  } catch (cause) {
    throw unavailable('cannot be written', cause)
  }
}

const unavailable = (what: string, cause?: unknown): GatewayError =>
  new GatewayError(
    'audit_unavailable',
    `The audit log ${what}, so no call is made. Ask an admin to look at the gateway's log.`,
    { cause },
  )
