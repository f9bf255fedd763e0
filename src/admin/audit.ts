import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import { may } from './authority.ts'
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

/** Whether the chain of records holds, and where it breaks when it does not. */
export async function verifyAuditLog(
  deps: AdminDeps,
  principal: Principal,
  signal: AbortSignal,
): Promise<Verification> {
  return asAdmin(deps, principal, { type: 'audit.verified', kind: 'read' }, () => deps.audit.verify(signal))
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

/** Arguments and results are for auditors; so is the hash of arguments, which short ones can be guessed from. */
const shownTo = (principal: Principal): ((record: AuditRecord) => AuditRecord) =>
  may(principal, 'auditor')
    ? (record) => record
    : ({ arguments: _arguments, argumentsHash: _hash, result: _result, ...record }) => record

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
