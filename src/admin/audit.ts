import type { AuditRecord } from '../kernel/audit.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import { type AdminDeps, asAdmin } from './admin.ts'
import type { AuditFilter, Verification } from './audit-reader.ts'
import { DEFAULT_PAGE, type Page, type PageRequest, fromCursor, toCursor } from './page.ts'

/** Records that match, newest first. */
export async function queryAudit(
  deps: AdminDeps,
  principal: Principal,
  { limit = DEFAULT_PAGE, cursor, ...filter }: AuditFilter & PageRequest,
): Promise<Page<AuditRecord>> {
  const range = cursor === undefined ? filter : { ...filter, beforeSeq: toSeq(cursor) }
  const kind = cursor === undefined ? 'read' : 'look'
  return asAdmin(deps, principal, { type: 'audit.read', kind, facts: { detail: toDetail(filter) } }, async () => {
    const records = await collect(deps.audit.query(range, limit + 1))
    const items = records.slice(0, limit)
    const last = items.at(-1)
    return records.length > limit && last ? { items, nextCursor: toCursor(String(last.seq)) } : { items }
  })
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
  return asAdmin(deps, principal, { type: 'audit.tailed', kind: 'read' }, () => recordsFrom(deps, last, signal))
}

/** Listens before it looks back, so that nothing falls between the two. */
async function* recordsFrom(deps: AdminDeps, last: number, signal: AbortSignal): AsyncGenerator<AuditRecord> {
  const live = deps.audit.tail(signal)[Symbol.asyncIterator]()
  let next = live.next()
  next.catch(() => undefined)
  let seen = -1
  const past = last === 0 ? [] : await collect(deps.audit.query({}, last))
  for (const record of past.toReversed()) {
    seen = record.seq
    yield record
  }
  for (;;) {
    const { done, value } = await next
    if (done === true) return
    next = live.next()
    next.catch(() => undefined)
    if (value.seq > seen) yield value
  }
}

async function collect(records: AsyncIterable<AuditRecord>): Promise<readonly AuditRecord[]> {
  const all: AuditRecord[] = []
  for await (const record of records) all.push(record)
  return all
}

function toSeq(cursor: string): number {
  const seq = Number(fromCursor(cursor))
  if (Number.isSafeInteger(seq) && seq >= 0) return seq
  throw new GatewayError('invalid_cursor', 'The cursor is none of the audit log. Ask again without one.')
}

const toDetail = (filter: AuditFilter): JsonObject =>
  Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined))
