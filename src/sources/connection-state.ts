import type { ConnectionState } from '../kernel/connection.ts'

/**
 * What happens to a connection: it was made with its credential and listed its tools (`linked`); what it needs from
 * outside, such as a webhook, is not set (`inbound_missing`) or has answered (`inbound_verified`); a probe was answered
 * (`healthy`); it failed in a way that may pass (`failed`); its credential was refused (`refused`); a person ended it
 * (`revoked`).
 */
export const CONNECTION_EVENTS = [
  'linked',
  'inbound_missing',
  'inbound_verified',
  'healthy',
  'failed',
  'refused',
  'revoked',
] as const
export type ConnectionEvent = (typeof CONNECTION_EVENTS)[number]

/** The one table of transitions; an event that a state does not name changes nothing. */
const TABLE: Record<ConnectionState, Partial<Record<ConnectionEvent, ConnectionState>>> = {
  disconnected: { linked: 'connected' },
  connected: {
    inbound_missing: 'action_required',
    inbound_verified: 'inbound_ready',
    healthy: 'active',
    refused: 'action_required',
    revoked: 'disconnected',
  },
  inbound_ready: { healthy: 'active', revoked: 'disconnected' },
  active: { failed: 'degraded', refused: 'action_required', revoked: 'disconnected' },
  degraded: { healthy: 'active', refused: 'action_required', revoked: 'disconnected' },
  action_required: { linked: 'connected', revoked: 'disconnected' },
}

/** The state that follows; undefined when the event changes nothing. */
export const stepOn = (state: ConnectionState, event: ConnectionEvent): ConnectionState | undefined =>
  TABLE[state][event]
