import type { ConnectionState } from '../kernel/connection.ts'

/**
 * What happens to an outbound connection: it was made and listed its tools (`linked`), a probe was answered (`healthy`),
 * it failed in a way that may pass (`failed`), or its credential was refused (`refused`).
 */
export type ConnectionEvent = 'linked' | 'healthy' | 'failed' | 'refused'

type Steps = readonly ConnectionState[]

/** The states a connection passes through for each event. `inbound_ready` belongs to webhooks and never occurs here. */
const TABLE: Record<ConnectionState, Record<ConnectionEvent, Steps>> = {
  disconnected: { linked: ['connected', 'active'], healthy: [], failed: [], refused: [] },
  connected: { linked: ['active'], healthy: ['active'], failed: ['disconnected'], refused: ['action_required'] },
  inbound_ready: { linked: ['active'], healthy: ['active'], failed: [], refused: [] },
  active: { linked: [], healthy: [], failed: ['degraded'], refused: ['action_required'] },
  degraded: { linked: ['active'], healthy: ['active'], failed: [], refused: ['action_required'] },
  action_required: { linked: ['connected', 'active'], healthy: [], failed: [], refused: [] },
}

/** The states that follow, in order; empty when the event changes nothing. */
export const stepsOn = (state: ConnectionState, event: ConnectionEvent): Steps => TABLE[state][event]
