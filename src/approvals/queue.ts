import { randomBytes } from 'node:crypto'
import type { Approval, ApprovalKey, ApprovalOutcome, ApprovalRequest, ApprovalVote } from '../kernel/approval.ts'
import type { AuditEvent, AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { Secret } from '../kernel/secret.ts'
import type { Store, Versioned } from '../store/store.ts'
import type { Binding, Vault } from '../vault/vault.ts'
import { type ApprovalBook, approvalBook } from './book.ts'
import { gone, notOpen, tooLarge, tooMany, usedAlready } from './refusals.ts'
import type { ApprovalRow } from './rows.ts'
import { consumed, expired, isOpen, released, settled, voted } from './transitions.ts'
import { waitingRoom } from './waiting-room.ts'

export interface ApprovalLimits {
  /** Open approvals, of one agent and of all. */
  readonly perAgent: number
  readonly total: number
  /** Arguments in canonical JSON, bytes: people must be able to read them. */
  readonly argumentBytes: number
  /** What is over is forgotten after so many milliseconds, or when there is more of it than this. */
  readonly keptMs: number
  readonly kept: number
}

export const APPROVAL_LIMITS: ApprovalLimits = {
  perAgent: 20,
  total: 1_000,
  argumentBytes: 65_536,
  keptMs: 30 * 86_400_000,
  kept: 2_000,
}

export interface ApprovalQueueDeps {
  readonly store: Store
  readonly vault: Pick<Vault, 'seal' | 'open'>
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
  /** Runs work once after so many milliseconds; calling the result takes it back. */
  readonly schedule: (work: () => void, delayMs: number) => () => void
  readonly limits?: Partial<ApprovalLimits>
}

/**
 * The queue is the authority: whatever a client says, a call that needs people is made only after `consume` resolved for
 * it. Every change is a compare-and-set in the store and an audit event that is durable before the caller goes on.
 */
export interface ApprovalQueue {
  /** The open approval of the call, else the last one of it that is remembered; from memory. */
  current(key: ApprovalKey): Approval | undefined
  find(id: string): Approval | undefined
  /** Newest first. */
  list(): readonly Approval[]
  /** The open approval of the same call, or a new one. Throws `overloaded` when too many are open, `payload_too_large`. */
  request(request: ApprovalRequest): Promise<Approval>
  /** Ends an open approval that policy has outgrown. */
  supersede(id: string): Promise<void>
  /** Throws `version_conflict` for another version, `conflict` when it is not pending or the person has voted. */
  vote(id: string, vote: Omit<ApprovalVote, 'at'>, ifVersion?: number): Promise<Approval>
  /** Takes the approval for one call; of several at once one gets it. Throws `approval_invalid`. */
  consume(approval: Approval, requestId: string): Promise<Approval>
  /** Gives it back. Only where it is certain that nothing was sent. */
  release(id: string): Promise<void>
  /** How the call went. */
  settle(id: string, outcome: ApprovalOutcome): Promise<void>
  /** The exact arguments, for approvers; undefined once they are gone. Throws `vault_failed`. */
  argumentsOf(id: string): Promise<JsonObject | undefined>
  /** Resolves when it is no longer pending, the time is up or the signal aborts: whichever is first. Never rejects. */
  decided(id: string, limitMs: number, signal: AbortSignal): Promise<void>
  /** Ends what has expired and forgets what is long over. */
  sweep(): Promise<void>
  close(): void
}

/** Opens the queue. Calls that were under way when the last process ended are `unknown` from now on. */
export async function openApprovalQueue(deps: ApprovalQueueDeps): Promise<ApprovalQueue> {
  const limits = { ...APPROVAL_LIMITS, ...deps.limits }
  const room = waitingRoom(deps.schedule)
  const book = await approvalBook(deps.store, room.tell)
  const queue = lives({ ...deps, limits, book })
  for (const { id, value } of book.all()) {
    if (value.state === 'consumed' && value.outcome === undefined) await queue.settle(id, 'unknown')
  }
  await queue.sweep()
  return {
    ...queue,
    decided: (id, limitMs, signal) => room.wait(id, () => queue.find(id)?.state !== 'pending', { limitMs, signal }),
    close: book.close,
  }
}

interface Parts extends ApprovalQueueDeps {
  readonly limits: ApprovalLimits
  readonly book: ApprovalBook
}

function lives(parts: Parts): Omit<ApprovalQueue, 'decided' | 'close'> {
  const { book, clock, vault } = parts
  const shown = (row: Versioned<ApprovalRow>): Approval => toApproval(row, clock())
  const change = (id: string, next: (row: ApprovalRow) => ApprovalRow | undefined) => changed(parts, id, next)
  return {
    current(key) {
      const row = book.latest(key)
      return row && shown(row)
    },
    find(id) {
      const row = book.get(id)
      return row && shown(row)
    },
    list: () =>
      book
        .all()
        .toReversed()
        .map(shown)
        .toSorted((a, b) => b.requestedAt - a.requestedAt),
    request: (request) => requested(parts, request),
    async supersede(id) {
      const row = await change(id, (now) => expired(now, clock()))
      if (row) await record(parts, 'approval.superseded', row)
    },
    vote: (id, vote, ifVersion) => votedOn(parts, { id, vote, ifVersion }),
    consume: (approval, requestId) => consumedBy(parts, approval, requestId),
    async release(id) {
      const row = await change(id, released)
      if (row) await record(parts, 'approval.released', row)
    },
    async settle(id, outcome) {
      const row = await change(id, (now) => settled(now, outcome))
      if (row && outcome === 'unknown') await record(parts, 'approval.outcome_unknown', row)
    },
    async argumentsOf(id) {
      const row = book.get(id)
      if (!row?.value.sealed) return undefined
      const value: unknown = JSON.parse(vault.open(row.value.sealed, bindingOf(id, row.value)).reveal())
      return isJsonObject(value) ? value : undefined
    },
    sweep: () => swept(parts),
  }
}

/** What stands in the store may be past its time: nobody sees it as open then, swept or not. */
function toApproval({ id, version, value }: Versioned<ApprovalRow>, now: number): Approval {
  const { sealed: _sealed, endedAt: _ended, ...facts } = value
  const isOver = (value.state === 'pending' || value.state === 'approved') && !isOpen(value, now)
  return { id, version, ...facts, ...(isOver && { state: 'expired' as const }) }
}

/** What the arguments of an approval are bound to. */
export const bindingOf = (
  id: string,
  { organisation, connection, principal }: Pick<ApprovalRow, 'organisation' | 'connection' | 'principal'>,
): Binding => ({
  organisation,
  connection,
  owner: principal,
  field: `approval:${id}`,
})

async function requested(parts: Parts, request: ApprovalRequest): Promise<Approval> {
  const { store, book, clock, limits } = parts
  const { ttlMs, arguments: input, requestId, ...facts } = request
  const text = JSON.stringify(input)
  if (Buffer.byteLength(text) > limits.argumentBytes) throw tooLarge(request, limits.argumentBytes)
  await swept(parts)
  return store.withLock('approvals', async () => {
    const known = book.latest(request)
    if (known && isOpen(known.value, clock())) return toApproval(known, clock())
    refuseFlood(parts, request)
    const id = randomBytes(16).toString('base64url')
    const now = clock()
    const row: ApprovalRow = {
      ...facts,
      demands: facts.demands.map((demand) => ({ ...demand, approvers: [...demand.approvers] })),
      requestedAt: now,
      expiresAt: now + ttlMs,
      state: 'pending',
      votes: [],
    }
    const sealed = parts.vault.seal(new Secret(text), bindingOf(id, row))
    const written = await book.put(id, { ...row, sealed }, 0)
    await record(parts, 'approval.requested', written, { requestId })
    return toApproval(written, now)
  })
}

function refuseFlood({ book, clock, limits }: Parts, { organisation, agent }: ApprovalRequest): void {
  const open = book.all().filter(({ value }) => isOpen(value, clock()))
  const own = open.filter(({ value }) => value.agent === agent && value.organisation === organisation)
  if (own.length >= limits.perAgent) throw tooMany(`The agent "${agent}" has`, limits.perAgent)
  if (open.length >= limits.total) throw tooMany('The gateway has', limits.total)
}

interface Voting {
  readonly id: string
  readonly vote: Omit<ApprovalVote, 'at'>
  readonly ifVersion: number | undefined
}

async function votedOn(parts: Parts, { id, vote, ifVersion }: Voting): Promise<Approval> {
  const { book, clock } = parts
  const row = book.get(id)
  if (!row) throw gone(id)
  if (ifVersion !== undefined && ifVersion !== row.version) throw changedMeanwhile(id)
  const now = clock()
  const next = voted(row.value, { ...vote, at: now }, now)
  if (!next) throw notOpen(toApproval(row, now), vote.by)
  const written = await book.put(id, next, row.version)
  const { by, verdict, channel } = vote
  await record(parts, 'approval.decided', written, { principal: by, detail: { verdict, channel } })
  return toApproval(written, now)
}

async function consumedBy(parts: Parts, approval: Approval, requestId: string): Promise<Approval> {
  const { book, clock } = parts
  const row = book.get(approval.id)
  const now = clock()
  const next = row && row.version === approval.version ? consumed(row.value, now) : undefined
  if (!row || !next) throw usedAlready(approval)
  const written = await book.put(approval.id, next, row.version).catch((error: unknown) => {
    throw error instanceof GatewayError && error.code === 'version_conflict' ? usedAlready(approval, error) : error
  })
  await record(parts, 'approval.consumed', written, { requestId })
  return toApproval(written, now)
}

/** Reads, changes and writes until nobody came between; undefined when there is nothing to change any more. */
async function changed(
  { book }: Parts,
  id: string,
  next: (row: ApprovalRow) => ApprovalRow | undefined,
): Promise<Versioned<ApprovalRow> | undefined> {
  for (;;) {
    const row = book.get(id)
    const value = row && next(row.value)
    if (!value) return undefined
    try {
      return await book.put(id, value, row.version)
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'version_conflict')) throw error
      await book.reread(id)
    }
  }
}

async function swept(parts: Parts): Promise<void> {
  const { book, clock, limits } = parts
  const now = clock()
  for (const { id, value } of book.all()) {
    if (isOpen(value, now)) continue
    const row = await changed(parts, id, (current) => (isOpen(current, now) ? undefined : expired(current, now)))
    if (row) await record(parts, 'approval.expired', row)
  }
  const over = book
    .all()
    .filter(({ value }) => value.endedAt !== undefined)
    .toSorted((a, b) => (b.value.endedAt ?? 0) - (a.value.endedAt ?? 0))
  for (const [index, { id, value, version }] of over.entries()) {
    if (index >= limits.kept || now - (value.endedAt ?? 0) > limits.keptMs) await book.forget(id, version)
  }
}

/** Never the arguments: their hash is in `callHash`. */
const record = (
  { audit, clock }: Parts,
  type: string,
  { id, value }: Versioned<ApprovalRow>,
  more: Pick<AuditEvent, 'requestId' | 'principal' | 'detail'> = {},
): Promise<void> =>
  audit.append({
    type,
    phase: 'event',
    at: clock(),
    principal: value.principal,
    agent: value.agent,
    ...(value.user !== undefined && { user: value.user }),
    tool: value.tool,
    connection: value.connection,
    rule: value.demands.map(({ rule }) => rule).join(', '),
    policyVersion: value.policyVersion,
    ...more,
    detail: { approval: id, callHash: value.callHash, state: value.state, ...more.detail },
  })

const changedMeanwhile = (id: string): GatewayError =>
  new GatewayError('version_conflict', `The approval ${id} was changed meanwhile. Look at it again, then decide.`)
