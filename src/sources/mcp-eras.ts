import { createHash } from 'node:crypto'
import type { Era, McpDeps, McpSpec } from './mcp-spec.ts'
import { isFresh, type Verdict } from './verdicts.ts'

/** What is remembered of the eras of one server, for a day, across restarts. */
export interface Eras {
  /** The era to connect with; undefined when it has to be found out. */
  first(): Promise<Era | undefined>
  /** Whether the server speaks another era too; undefined when that was never tried. A forced era is the only one. */
  speaksToo(other: Era): Promise<boolean | undefined>
  /** Remembers the era that a probe found. */
  found(era: Era): Promise<void>
  /** Remembers the answer to whether a server of the era `first` speaks `other` too. */
  tried(first: Era, other: Era, speaks: boolean): Promise<void>
  /** A failure: nothing that was believed may be true any more. */
  forget(): Promise<void>
}

export function erasOf(spec: McpSpec, { verdicts, clock }: Pick<McpDeps, 'verdicts' | 'clock'>): Eras {
  const endpoint = endpointOf(spec)
  const fresh = async (): Promise<Verdict | undefined> => {
    const verdict = await verdicts.get(spec.connection)
    return verdict && isFresh(verdict, endpoint, clock()) ? verdict : undefined
  }
  const set = (verdict: Pick<Verdict, 'era' | 'eras'>): Promise<void> =>
    verdicts.set(spec.connection, { at: clock(), endpoint, ...verdict })
  return {
    first: async () => spec.era ?? (await fresh())?.era,
    async speaksToo(other) {
      if (spec.era !== undefined) return false
      return (await fresh())?.eras?.includes(other)
    },
    async found(era) {
      if (spec.era === undefined && (await fresh())?.era !== era) await set({ era })
    },
    tried: (first, other, speaks) => set({ era: first, eras: speaks ? [first, other] : [first] }),
    async forget() {
      if (await verdicts.get(spec.connection)) await verdicts.set(spec.connection, undefined)
    },
  }
}

function endpointOf({ transport }: McpSpec): string {
  const parts = transport.kind === 'stdio' ? [transport.command, ...transport.args] : [transport.url.href]
  return createHash('sha256')
    .update(JSON.stringify([transport.kind, ...parts]))
    .digest('hex')
}
