import * as z from 'zod'
import type { ConnectionReason, ConnectionState } from '../kernel/connection.ts'
import { defineCollection, type Store } from '../store/store.ts'

/** What was known of a connection when it last changed. Times are milliseconds since the epoch. */
export interface KeptState {
  /** Of the spec that it is about: another one begins anew. */
  readonly fingerprint: string
  readonly state: ConnectionState
  readonly since: number
  readonly reason?: string
  readonly reasonCode?: ConnectionReason
  readonly lastOkAt?: number
  readonly lastError?: string
}

/** Keeps states across restarts: a connection that needs a person must not look well because the gateway was restarted. */
export interface ConnectionStates {
  load(connection: string): Promise<KeptState | undefined>
  save(connection: string, state: KeptState): Promise<void>
}

const states = defineCollection<KeptState>(
  'connection_states',
  z.strictObject({
    fingerprint: z.string(),
    state: z.enum(['disconnected', 'connected', 'action_required', 'inbound_ready', 'active', 'degraded']),
    since: z.number(),
    reason: z.string().exactOptional(),
    reasonCode: z
      .enum(['reauth', 'inbound', 'link', 'scopes', 'unreachable', 'disabled', 'revoked', 'invalid'])
      .exactOptional(),
    lastOkAt: z.number().exactOptional(),
    lastError: z.string().exactOptional(),
  }),
)

/** The states of connections, kept in the store. */
export const storedStates = (store: Store): ConnectionStates => ({
  load: async (connection) => (await store.get(states, connection))?.value,
  async save(connection, state) {
    await store.put(states, connection, state)
  },
})

/** States that last as long as the process. */
export function memoryStates(): ConnectionStates {
  const kept = new Map<string, KeptState>()
  return {
    load: (connection) => Promise.resolve(kept.get(connection)),
    save: (connection, state) => Promise.resolve(void kept.set(connection, state)),
  }
}
