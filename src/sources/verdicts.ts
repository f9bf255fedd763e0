/** Which protocol era a server speaks, and when that was found out (milliseconds since the epoch). */
export interface Verdict {
  readonly era: 'legacy' | 'modern'
  /** All that it speaks, once that has been tried. */
  readonly eras?: readonly ('legacy' | 'modern')[]
  readonly at: number
  /** What was probed: a verdict on another server does not count. */
  readonly endpoint: string
}

/** Remembers verdicts across restarts, so that a legacy stdio server does not pay for the probe at every start. */
export interface Verdicts {
  get(connection: string): Promise<Verdict | undefined>
  /** `undefined` forgets. */
  set(connection: string, verdict: Verdict | undefined): Promise<void>
}

/** How long a verdict is believed: an upgraded server still answers `initialize`, so a stale one would last for ever. */
const VALID_MS = 24 * 60 * 60 * 1_000

export const isFresh = (verdict: Verdict, endpoint: string, now: number): boolean =>
  verdict.endpoint === endpoint && now >= verdict.at && now - verdict.at < VALID_MS

/** Verdicts that last as long as the process. */
export function memoryVerdicts(): Verdicts {
  const verdicts = new Map<string, Verdict>()
  return {
    get: (connection) => Promise.resolve(verdicts.get(connection)),
    set(connection, verdict) {
      if (verdict) verdicts.set(connection, verdict)
      else verdicts.delete(connection)
      return Promise.resolve()
    },
  }
}
