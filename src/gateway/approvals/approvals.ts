import type {
  Approval,
  ApprovalGrant,
  ApprovalKey,
  ApprovalOutcome,
  ApprovalRequest,
  ApprovalVote,
} from '../../kernel/approval.ts'
import type { AuditEvent } from '../../kernel/audit.ts'
import type { JsonObject } from '../../kernel/json.ts'

/** The queue of calls that wait for people, as the life of a call uses it. `approvals/queue.ts` says what each promises. */
export interface ApprovalDesk {
  current(key: ApprovalKey): Approval | undefined
  find(id: string): Approval | undefined
  request(request: ApprovalRequest): Promise<Approval>
  supersede(id: string): Promise<void>
  vote(id: string, vote: Omit<ApprovalVote, 'at'>): Promise<Approval>
  consume(approval: Approval, requestId: string): Promise<Approval>
  release(id: string): Promise<void>
  settle(id: string, outcome: ApprovalOutcome): Promise<void>
  decided(id: string, limitMs: number, signal: AbortSignal): Promise<void>
}

/** Everything that a call needs to wait for people. */
export interface Approvals {
  readonly queue: ApprovalDesk
  /** The grants in force. */
  grants(): readonly ApprovalGrant[]
  /** The page on which people decide, for a browser. Holds nothing but the id. */
  link(id: string): string
  /** Records that a grant stood in for people. */
  waived(event: AuditEvent): Promise<void>
  /** Seals what modern clients keep for us between two rounds of a call. */
  readonly seal: { seal(value: JsonObject): string; open(text: string): JsonObject | undefined }
  /** Runs work once after so many milliseconds; calling the result takes it back. */
  schedule(work: () => void, delayMs: number): () => void
}
