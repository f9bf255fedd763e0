import type { Json, JsonObject } from './json.ts'

/** Something that happened and that nobody may change afterwards. Never holds a secret. Undefined members are not written. */
export interface AuditEvent {
  /** `tool.call`, `connection.state_changed`, `config.reloaded`, `agent.added`, … */
  readonly type: string
  /** `intent` is written before a write is sent; `outcome` when it is known. */
  readonly phase: 'intent' | 'outcome' | 'event'
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly requestId?: string | undefined
  readonly principal?: string | undefined
  readonly agent?: string | undefined
  readonly user?: string | undefined
  /** The caller's groups and claims when it asked, as far as policy may turn on them. */
  readonly groups?: readonly string[] | undefined
  readonly claims?: JsonObject | undefined
  /** Labels that the run had seen when it asked. */
  readonly labels?: readonly string[] | undefined
  /** The trace that the call belongs to: 32 hex digits (W3C Trace Context). */
  readonly trace?: string | undefined
  readonly tool?: string | undefined
  readonly connection?: string | undefined
  readonly decision?: 'allow' | 'deny' | undefined
  readonly rule?: string | undefined
  /** What policy asked for besides, as `<kind>:<rule>`. */
  readonly obligations?: readonly string[] | undefined
  /** What rules in shadow mode would have done, as `<deny|allow|obligations>:<rule>`. */
  readonly shadow?: readonly string[] | undefined
  readonly outcome?: 'ok' | 'error' | 'denied' | 'unknown_tool' | 'cancelled' | undefined
  /** The GatewayError code of a failure. */
  readonly code?: string | undefined
  readonly reason?: string | undefined
  /** The id of the approval that the call waits for or was made with. */
  readonly approval?: string | undefined
  readonly durationMs?: number | undefined
  /** SHA-256 of the arguments in canonical JSON, base64url. */
  readonly argumentsHash?: string | undefined
  /** The arguments, where the policy's `log` obligation asks for them. */
  readonly arguments?: Json | undefined
  /** The names of the arguments, and the values that rules refer to: other policies can be asked about the call later. */
  readonly projection?: JsonObject | undefined
  readonly result?: Json | undefined
  readonly policyVersion?: string | undefined
  readonly detail?: JsonObject | undefined
}

/** An event as it stands in the log. `seq` grows by one per log; `hash` chains each line to the one before. */
export interface AuditRecord extends AuditEvent {
  readonly seq: number
  readonly prev: string
  readonly hash: string
}

/** Append only: there is no update and no delete. */
export interface AuditLog {
  /**
   * Resolves when the event is durable; rejects with GatewayError `audit_unavailable` when it cannot be. `canWait`: nobody
   * waits for it, so that a few milliseconds of events may go to the disk together.
   */
  append(event: AuditEvent, options?: { readonly canWait?: boolean }): Promise<void>
  close(): Promise<void>
}
