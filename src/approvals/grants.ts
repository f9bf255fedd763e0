import { randomBytes } from 'node:crypto'
import type { ApprovalGrant } from '../kernel/approval.ts'
import type { AuditLog } from '../kernel/audit.ts'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { Store, Versioned } from '../store/store.ts'
import { grantCollection, type GrantRow } from './rows.ts'

/** No grant lasts longer, milliseconds. */
export const LONGEST_GRANT_MS = 24 * 3_600_000
/** Grants in force at a time. */
const MOST_GRANTS = 500

export interface ApprovalGrants {
  /** Those in force, from memory. */
  list(): readonly ApprovalGrant[]
  /** In force when it resolves. Throws `invalid_request` for a time that is over or too long, `overloaded`. */
  add(draft: Omit<ApprovalGrant, 'id' | 'version' | 'revokedAt'>): Promise<ApprovalGrant>
  /** Takes effect with the next call. Throws `not_found` for what is not in force. */
  revoke(id: string, by: string): Promise<ApprovalGrant>
  close(): void
}

export interface ApprovalGrantsDeps {
  readonly store: Store
  readonly audit: Pick<AuditLog, 'append'>
  readonly clock: Clock
}

/** Opens the grants: held in memory, following the store. What is over is forgotten when the next one is given. */
export async function openApprovalGrants(deps: ApprovalGrantsDeps): Promise<ApprovalGrants> {
  const { store, clock } = deps
  const rows = new Map<string, Versioned<GrantRow>>()
  const keep = (row: Versioned<GrantRow>): Versioned<GrantRow> => {
    if (row.version >= (rows.get(row.id)?.version ?? 0)) rows.set(row.id, row)
    return row
  }
  const unwatch = store.watch(grantCollection, ({ id, row }) => (row ? void keep(row) : void rows.delete(id)))
  for (const row of await store.list(grantCollection)) keep(row)
  const isOver = ({ value }: Versioned<GrantRow>): boolean => value.revokedAt !== undefined || clock() > value.notAfter
  return {
    list: () => [...rows.values()].filter((row) => !isOver(row)).map(toGrant),
    async add(draft) {
      if (draft.notAfter <= draft.notBefore || draft.notAfter - draft.notBefore > LONGEST_GRANT_MS) {
        throw new GatewayError('invalid_request', 'A grant lasts from one minute to 24 hours.')
      }
      for (const { id } of [...rows.values()].filter(isOver)) await store.delete(grantCollection, id)
      if (rows.size >= MOST_GRANTS) {
        throw new GatewayError('overloaded', `There are ${MOST_GRANTS} grants in force. Revoke some first.`)
      }
      const id = randomBytes(16).toString('base64url')
      await record(deps, 'approval.granted', { id, value: toRow(draft) }, draft.by)
      return toGrant(keep(await store.put(grantCollection, id, toRow(draft), { ifVersion: 0 })))
    },
    async revoke(id, by) {
      const row = rows.get(id)
      if (!row || isOver(row)) throw new GatewayError('not_found', `There is no grant "${id.slice(0, 64)}" in force.`)
      const revoked = await store.put(
        grantCollection,
        id,
        { ...row.value, revokedAt: clock() },
        { ifVersion: row.version },
      )
      await record(deps, 'approval.grant_revoked', revoked, by)
      return toGrant(keep(revoked))
    },
    close: unwatch,
  }
}

const toGrant = ({ id, version, value }: Versioned<GrantRow>): ApprovalGrant => ({ id, version, ...value })

const toRow = ({ demands, args, ...draft }: Omit<ApprovalGrant, 'id' | 'version'>): GrantRow => ({
  ...draft,
  demands: demands.map((demand) => ({ ...demand, approvers: [...demand.approvers] })),
  ...(args && { args: JSON.parse(JSON.stringify(args)) as GrantRow['args'] }),
})

const record = (
  { audit, clock }: ApprovalGrantsDeps,
  type: string,
  { id, value }: Pick<Versioned<GrantRow>, 'id' | 'value'>,
  by: string,
): Promise<void> =>
  audit.append({
    type,
    phase: 'event',
    at: clock(),
    principal: by,
    tool: value.tool,
    connection: value.connection,
    rule: value.demands.map(({ rule }) => rule).join(', '),
    detail: { grant: id, for: value.principal, approval: value.approval, notAfter: value.notAfter },
  })
