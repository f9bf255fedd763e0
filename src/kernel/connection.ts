/** The states of ecosystem's connection lifecycle. */
export type ConnectionState = 'disconnected' | 'connected' | 'action_required' | 'inbound_ready' | 'active' | 'degraded'

/** Why a connection is not active, for programs. */
export type ConnectionReason =
  | 'reauth'
  | 'inbound'
  | 'link'
  | 'scopes'
  | 'unreachable'
  | 'disabled'
  | 'revoked'
  | 'invalid'

/** What is known of a connection right now. Times are milliseconds since the epoch. */
export interface ConnectionStatus {
  readonly connection: string
  readonly provider: string
  readonly enabled: boolean
  /** The only person whose agents see it; absent: the organisation's. */
  readonly owner?: string
  readonly state: ConnectionState
  /** Why the state is what it is, in words for an admin, with what to do; absent when all is well. */
  readonly reason?: string
  readonly reasonCode?: ConnectionReason
  readonly since: number
  readonly lastOkAt?: number
  readonly lastError?: string
  readonly nextProbeAt?: number
  readonly tools: number
}
