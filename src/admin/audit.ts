import { readStatementKey, type StatementKey } from '../audit/statement.ts'
import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { may } from './authority.ts'
import { CSV_HEADER, toCsvRow } from './audit-csv.ts'
import type { AuditFilter, Verification } from './audit-reader.ts'
import { DEFAULT_PAGE, type Page, type PageRequest, fromCursor, toCursor } from './page.ts'

export interface AuditQuery extends PageRequest {
  readonly filter: AuditFilter
  readonly signal: AbortSignal
}

/**
 * Records that match, newest first; what was sent and answered only for auditors. Only the first page of a search is
 * recorded.
 */
export async function queryAuditLog(
  deps: AdminDeps,
  principal: Principal,
  { filter, limit = DEFAULT_PAGE, cursor, signal }: AuditQuery,
): Promise<Page<AuditRecord>> {
  const range = cursor === undefined ? filter : { ...filter, beforeSeq: toSeq(cursor) }
  const kind = cursor === undefined ? 'read' : 'look'
  return asAdmin(
    deps,
    principal,
    { type: 'audit.read', kind, needs: needOf(filter), facts: { detail: { filter: toJson(filter) } } },
    async () => {
      const records = await collect(deps.audit.query(range, { limit: limit + 1, signal }))
      const items = records.slice(0, limit).map(shownTo(principal))
      const last = items.at(-1)
      return records.length > limit && last ? { items, nextCursor: toCursor(String(last.seq)) } : { items }
    },
  )
}

export interface VerifyRequest {
  /** Lines of a file that was kept elsewhere, and base64url SPKI keys that must have signed them. */
  readonly kept?: { readonly lines: readonly string[]; readonly keys?: readonly string[] | undefined } | undefined
  readonly signal: AbortSignal
}

/**
 * Whether the chain of records and the checkpoints hold, and where they break when they do not. Throws `invalid_request` for
 * a key that is none.
 */
export async function verifyAuditLog(
  deps: AdminDeps,
  principal: Principal,
  { kept, signal }: VerifyRequest,
): Promise<Verification> {
  const given = kept && { lines: kept.lines, keys: kept.keys?.map(toKey) }
  const facts = { detail: { keptCheckpoints: kept?.lines.length ?? 0 } }
  return asAdmin(deps, principal, { type: 'audit.verified', kind: 'read', facts }, () =>
    deps.audit.verify({ kept: given, signal }),
  )
}

export interface CheckpointsShown {
  /** From the newest to the oldest. `spki`: Ed25519, SubjectPublicKeyInfo in base64url (RFC 8410). */
  readonly keys: readonly { readonly kid: string; readonly spki: string }[]
  /** The signed line of the last checkpoint. */
  readonly lastCheckpoint?: string
  readonly troubles: readonly string[]
}

/** With what others can check the log without any secret of ours, and what stands in the way of it. */
export async function auditCheckpoints(deps: AdminDeps, principal: Principal): Promise<CheckpointsShown> {
  return asAdmin(deps, principal, { type: 'audit.checkpoints_read', kind: 'look' }, () => {
    const { keys, ...status } = deps.audit.checkpoints()
    return { ...status, keys: keys.map(({ kid, spki }) => ({ kid, spki })) }
  })
}

function toKey(spki: string): StatementKey {
  const key = readStatementKey(spki)
  if (key) return key
  throw new GatewayError('invalid_request', 'A public key is none of Ed25519. Give its SPKI in base64url.')
}

export type ExportFormat = 'jsonl' | 'csv'

export interface ExportRequest {
  readonly filter: AuditFilter
  readonly format: ExportFormat
  readonly signal: AbortSignal
}

/**
 * All records that match, oldest first, as text in pieces of about 64 KiB: JSON lines, or CSV (see `toCsvRow`). What was sent
 * and answered only for auditors. Each export is recorded. What is under way ends with the signal.
 */
export async function exportAuditLog(
  deps: AdminDeps,
  principal: Principal,
  { filter, format, signal }: ExportRequest,
): Promise<AsyncIterable<string>> {
  const facts = { detail: { filter: toJson(filter), format, bodies: may(principal, 'auditor') } }
  return asAdmin(deps, principal, { type: 'audit.exported', kind: 'read', needs: needOf(filter), facts }, () =>
    inPieces(deps.audit.read(filter, signal), shownTo(principal), format),
  )
}

const PIECE_CHARACTERS = 65_536

async function* inPieces(
  records: AsyncIterable<AuditRecord>,
  shown: (record: AuditRecord) => AuditRecord,
  format: ExportFormat,
): AsyncGenerator<string> {
  const lineOf = format === 'csv' ? toCsvRow : (record: AuditRecord): string => `${JSON.stringify(record)}\n`
  let piece = format === 'csv' ? CSV_HEADER : ''
  for await (const record of records) {
    piece += lineOf(shown(record))
    if (piece.length < PIECE_CHARACTERS) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}

/** The last `last` records, oldest first, and then every new one until the signal is aborted. */
export async function tailAuditLog(
  deps: AdminDeps,
  principal: Principal,
  { last, signal }: { readonly last: number; readonly signal: AbortSignal },
): Promise<AsyncIterable<AuditRecord>> {
  return asAdmin(deps, principal, { type: 'audit.tailed', kind: 'read' }, () => {
    // Listens before it looks back, so that nothing falls between the two.
    const live = deps.audit.tail(signal)
    return recordsFrom(last === 0 ? [] : deps.audit.query({}, { limit: last, signal }), live, shownTo(principal))
  })
}

async function* recordsFrom(
  past: AsyncIterable<AuditRecord> | readonly AuditRecord[],
  live: AsyncIterable<AuditRecord>,
  shown: (record: AuditRecord) => AuditRecord,
): AsyncGenerator<AuditRecord> {
  let seen = 0
  for (const record of (await collect(past)).toReversed()) {
    seen = record.seq
    yield shown(record)
  }
  for await (const record of live) if (record.seq > seen) yield shown(record)
}

/** Searching for words would tell what the bodies say, one guess at a time. */
const needOf = ({ text }: AuditFilter): 'viewer' | 'auditor' => (text === undefined ? 'viewer' : 'auditor')

/**
 * Arguments and results are for auditors, and so is what shows parts of them: the projection, and the hash, which short ones
 * can be guessed from. Claims say more of a person than who it is.
 */
const shownTo = (principal: Principal): ((record: AuditRecord) => AuditRecord) =>
  may(principal, 'auditor') ? (record) => record : withoutBodies

const withoutBodies = ({
  arguments: _arguments,
  argumentsHash: _hash,
  projection: _projection,
  result: _result,
  claims: _claims,
  ...record
}: AuditRecord): AuditRecord => record

async function collect(records: AsyncIterable<AuditRecord> | readonly AuditRecord[]): Promise<readonly AuditRecord[]> {
  const all: AuditRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

function toSeq(cursor: string): number {
  const seq = Number(fromCursor(cursor))
  if (Number.isSafeInteger(seq) && seq >= 0) return seq
  throw new GatewayError('invalid_cursor', 'The cursor is none of the audit log. Ask again without one.')
}

const toJson = (filter: AuditFilter): JsonObject => ({ ...filter })
