/** What an admin has stopped: everything, an agent, or a connection. */
export interface Freeze {
  readonly scope: 'all' | 'agent' | 'connection'
  /** Which agent or connection; absent for `all`. */
  readonly id?: string | undefined
  /** Told to whoever is stopped. */
  readonly reason?: string | undefined
  readonly by: string
  /** Milliseconds since the epoch. */
  readonly at: number
}
