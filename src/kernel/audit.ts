import type { Json, JsonObject } from './json.ts'

/** Something that happened and that nobody may change afterwards. Never holds a secret. */
export interface AuditEvent {
  /** `tool.call`, `connection.state_changed`, `config.reloaded`, `agent.added`, … */
  readonly type: string
  /** `intent` is written before a write is sent; `outcome` when it is known. */
  readonly phase: 'intent' | 'outcome' | 'event'
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly requestId?: string
  readonly principal?: string
  readonly agent?: string
  readonly user?: string
  readonly tool?: string
  readonly connection?: string
  readonly decision?: 'allow' | 'deny'
  readonly rule?: string
  readonly outcome?: 'ok' | 'error' | 'denied' | 'unknown_tool' | 'cancelled'
  /** The GatewayError code of a failure. */
  readonly code?: string
  readonly reason?: string
  readonly durationMs?: number
  /** SHA-256 of the arguments in canonical JSON, base64url. */
  readonly argumentsHash?: string
  /** The arguments, or the part of them that rules refer to, as the policy's `log` obligation allows. */
  readonly arguments?: Json
  readonly result?: Json
  readonly policyVersion?: string
  readonly detail?: JsonObject
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
