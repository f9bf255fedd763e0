import type { ApprovalKey } from '../kernel/approval.ts'
import type { Store, Versioned } from '../store/store.ts'
import { approvalCollection, type ApprovalRow } from './rows.ts'

type Row = Versioned<ApprovalRow>

/** All approvals in memory, following the store, also when another process writes. */
export interface ApprovalBook {
  get(id: string): Row | undefined
  /** The one of this call that was asked for last. */
  latest(key: ApprovalKey): Row | undefined
  all(): readonly Row[]
  /** Writes when the row has that version (0: is not there); else `version_conflict`. */
  put(id: string, value: ApprovalRow, ifVersion: number): Promise<Row>
  /** Takes what stands in the store. */
  reread(id: string): Promise<void>
  forget(id: string, version: number): Promise<void>
  close(): void
}

/** Throws `store_unavailable` when a row cannot be read: a queue with gaps is no authority. */
export async function approvalBook(store: Store, onChange: (id: string) => void): Promise<ApprovalBook> {
  const rows = new Map<string, Row>()
  const last = new Map<string, string>()
  const keep = (row: Row): Row => {
    const before = rows.get(row.id)
    if (row.version >= (before?.version ?? 0)) rows.set(row.id, row)
    const key = keyOf(row.value)
    const known = rows.get(last.get(key) ?? '')
    // What is told of an older one later must not hide a newer one.
    if (!known || (!before && isAfter(row, known))) last.set(key, row.id)
    onChange(row.id)
    return row
  }
  const drop = (id: string): void => {
    const row = rows.get(id)
    rows.delete(id)
    if (row && last.get(keyOf(row.value)) === id) last.delete(keyOf(row.value))
    onChange(id)
  }
  const unwatch = store.watch(approvalCollection, ({ id, row }) => (row ? void keep(row) : drop(id)))
  for (const row of await store.list(approvalCollection)) keep(row)
  return {
    get: (id) => rows.get(id),
    latest: (key) => rows.get(last.get(keyOf(key)) ?? ''),
    all: () => [...rows.values()],
    put: async (id, value, ifVersion) => keep(await store.put(approvalCollection, id, value, { ifVersion })),
    async reread(id) {
      const row = await store.get(approvalCollection, id)
      if (row) keep(row)
      else drop(id)
    },
    async forget(id, version) {
      await store.delete(approvalCollection, id, { ifVersion: version })
      drop(id)
    },
    close: unwatch,
  }
}

const isAfter = ({ value: a }: Row, { value: b }: Row): boolean =>
  a.requestedAt > b.requestedAt || (a.requestedAt === b.requestedAt && b.endedAt !== undefined)

const keyOf = ({ organisation, principal, callHash }: ApprovalKey): string =>
  JSON.stringify([organisation, principal, callHash])
