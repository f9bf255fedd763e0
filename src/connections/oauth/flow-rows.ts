import { GatewayError } from '../../kernel/errors.ts'
import type { Store, Versioned } from '../../store/store.ts'
import { flowCollection, toView, type FlowRow } from './flow-row.ts'

/** Of an attempt. Milliseconds. */
export const LIFETIME_MS = 600_000

/** Rejects with `not_found`. */
export async function rowOf(store: Store, id: string): Promise<Versioned<FlowRow>> {
  const row = await store.get(flowCollection, id)
  if (row) return row
  throw new GatewayError('not_found', 'This attempt to connect does not exist, or ended long ago. Start it again.')
}

/** Only the one who read it last may write it; the others get `invalid_state`. */
export async function change(store: Store, found: Versioned<FlowRow>, next: FlowRow): Promise<Versioned<FlowRow>> {
  try {
    return await store.put(flowCollection, found.id, next, { ifVersion: found.version })
  } catch (error) {
    if (error instanceof GatewayError && error.code === 'version_conflict') throw unknownState()
    throw error
  }
}

/** Throws `invalid_state` when the flow was used or is too old. */
export function checkOpen({ id, value }: Versioned<FlowRow>, now: number): void {
  const { status, error } = toView(id, value, now)
  if (error?.code === 'invalid_state') throw new GatewayError('invalid_state', error.message)
  if (status === 'pending' && value.status === 'pending') return
  throw new GatewayError(
    'invalid_state',
    'This attempt to connect was used already. To connect once more, start again.',
  )
}

/** The same words for what never was and what was used: they tell a stranger nothing. */
export const unknownState = (): GatewayError =>
  new GatewayError(
    'invalid_state',
    'The answer belongs to no attempt to connect that is open: it was used already, or it is too old. Start again.',
  )
