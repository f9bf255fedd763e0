import type { Clock } from '../../kernel/clock.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Store, Versioned } from '../../store/store.ts'
import { flowCollection, toView, type FlowRow } from './flow-row.ts'

/** How it ended can be asked for so long. Milliseconds. */
const KEPT_MS = 3_600_000
const MOST_FLOWS = 2_000
/** Who begins more loses the oldest. */
const MOST_PER_PRINCIPAL = 20

/** Makes room for one more flow of a principal: old ones go. Throws `overloaded` when there are too many of all. */
export async function makeRoom(store: Store, clock: Clock, principalId: string): Promise<void> {
  const now = clock()
  const all = await store.list(flowCollection)
  const isOld = ({ value }: Versioned<FlowRow>): boolean =>
    now >= value.expiresAt + KEPT_MS || value.createdAt > now + KEPT_MS
  const isOver = (id: string, row: FlowRow): boolean => toView(id, row, now).status === 'failed'
  const kept = all.filter((row) => !isOld(row))
  const open = kept
    .filter(({ id, value }) => value.principalId === principalId && value.status === 'pending' && !isOver(id, value))
    .toSorted((a, b) => a.value.createdAt - b.value.createdAt)
  const surplus = open.slice(0, Math.max(0, open.length - MOST_PER_PRINCIPAL + 1))
  for (const { id, version } of [...all.filter(isOld), ...surplus]) {
    // somebody else was faster: then it is in use, or gone already
    await store.delete(flowCollection, id, { ifVersion: version }).catch(unlessChanged)
  }
  if (kept.length - surplus.length >= MOST_FLOWS) {
    const words = `${MOST_FLOWS} attempts to connect an account are kept already. Try again in an hour.`
    throw new GatewayError('overloaded', words, { data: { retryAfterMs: KEPT_MS } })
  }
}

function unlessChanged(error: unknown): void {
  if (!(error instanceof GatewayError && error.code === 'version_conflict')) throw error
}
