import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'

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
const CAN_WAIT = { canWait: true }

interface Waiting {
  /** How many lines must have ended. */
  readonly until: number
  readonly wake: () => void
}

export function ledger(log: AuditLog, onFailure: (error: unknown) => void): Ledger {
  // Lines are written in their order, so that two numbers tell which are.
  let handedOver = 0
  let ended = 0
  let waiting: readonly Waiting[] = []
  let failed = false
  const append = async (event: AuditEvent): Promise<void> => {
    await log.append(event)
    failed = false
  }
  const over = (): void => {
    ended += 1
    if (waiting.length === 0) return
    for (const { until, wake } of waiting) if (until <= ended) wake()
    waiting = waiting.filter(({ until }) => until > ended)
  }
  // The same two for all outcomes: there is one of these for every call.
  const onWritten = (): void => {
    failed = false
    over()
  }
  const onFailed = (error: unknown): void => {
    failed = true
    over()
    onFailure(error)
  }
  return {
    intent: append,
    outcome(event) {
      handedOver += 1
      log.append(event, CAN_WAIT).then(onWritten, onFailed)
    },
    check(at) {
      if (handedOver - ended >= MOST_PENDING) throw unavailable('is too far behind')
      return failed ? resume(append, at) : undefined
    },
    pending: () => handedOver - ended,
    settled: () =>
      new Promise((resolve) => {
        if (handedOver === ended) resolve()
        else waiting = [...waiting, { until: handedOver, wake: resolve }]
      }),
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
