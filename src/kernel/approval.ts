import type { JsonObject } from './json.ts'
import type { Obligation, ApprovalChannel } from './policy.ts'

/**
 * `pending` waits for people, `approved` may be used once, `consumed` was used, `denied` and `expired` are over.
 * `approved` expires like `pending`.
 */
export type ApprovalState = 'pending' | 'approved' | 'denied' | 'consumed' | 'expired'

/** What one rule asks of people before a call may be made: that many of these groups, each person counted once. */
export interface ApprovalDemand {
  readonly rule: string
  readonly approvers: readonly string[]
  readonly quorum: number
  readonly allowSelf: boolean
}

/** What one person said. */
export interface ApprovalVote {
  /** The person, as a principal's id. */
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly verdict: 'approve' | 'deny'
  readonly reason?: string | undefined
  readonly channel: ApprovalChannel
  /** The rules whose demand the person may satisfy. */
  readonly rules: readonly string[]
}

/** One call, exactly, that waits for people or was decided. Its arguments are sealed elsewhere. */
export interface Approval {
  /** 128 random bits: a name, not a right. */
  readonly id: string
  /** Grows with every change. */
  readonly version: number
  /** SHA-256 of act, tool, fingerprint, connection and arguments in canonical JSON, base64url. */
  readonly callHash: string
  readonly organisation: string
  /** Who may use it, and nobody else. */
  readonly principal: string
  readonly agent: string
  readonly user?: string | undefined
  /** Who asked in the agent's name, over API or command line. */
  readonly actor?: string | undefined
  /** `tool.call`, `resource.read`, … */
  readonly act: string
  readonly tool: string
  readonly connection: string
  readonly fingerprint: string
  /** Every one must be satisfied. */
  readonly demands: readonly ApprovalDemand[]
  readonly policyVersion: string
  /** Milliseconds since the epoch. */
  readonly requestedAt: number
  readonly expiresAt: number
  readonly state: ApprovalState
  readonly votes: readonly ApprovalVote[]
  readonly consumedAt?: number | undefined
  /** How the call went that used it; absent while it runs. `unknown`: it was sent, and nobody knows what became of it. */
  readonly outcome?: ApprovalOutcome | undefined
}

export type ApprovalOutcome = 'ok' | 'error' | 'unknown'

/** Whose approvals for which call: another principal's are as unknown as none. */
export interface ApprovalKey {
  readonly organisation: string
  readonly principal: string
  readonly callHash: string
}

/** A call as it is put before people. */
export interface ApprovalRequest extends Pick<
  Approval,
  | 'callHash'
  | 'organisation'
  | 'principal'
  | 'agent'
  | 'user'
  | 'actor'
  | 'act'
  | 'tool'
  | 'connection'
  | 'fingerprint'
  | 'demands'
  | 'policyVersion'
> {
  readonly ttlMs: number
  readonly arguments: JsonObject
  readonly requestId: string
}

/** A time-boxed word of an approver that calls of one principal need not wait for. Visible, revocable, never renewed. */
export interface ApprovalGrant {
  readonly id: string
  readonly version: number
  readonly organisation: string
  readonly principal: string
  readonly act: string
  readonly tool: string
  readonly connection: string
  readonly fingerprint: string
  /** What is waived, exactly as it was asked: a demand that was changed since is not. */
  readonly demands: readonly ApprovalDemand[]
  /** Of one call exactly; else `args` says which calls. */
  readonly callHash?: string | undefined
  /** Constraints by JSON Pointer as rules have them; arguments that they do not name are refused. */
  readonly args?: JsonObject | undefined
  readonly by: string
  /** The approval that it was given with. */
  readonly approval: string
  /** Milliseconds since the epoch. */
  readonly notBefore: number
  readonly notAfter: number
  readonly revokedAt?: number | undefined
}

export type ApprovalObligation = Extract<Obligation, { kind: 'approval' }>
