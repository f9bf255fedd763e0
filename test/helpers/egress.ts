import { createEgress } from '../../src/egress/egress.ts'
import type { Egress, EgressDeps, EgressRequest } from '../../src/egress/egress.ts'

/** An egress whose retries do not wait; `waits` tells how long they would have. */
export function testEgress(deps: Partial<EgressDeps> = {}): { egress: Egress; waits: number[] } {
  const waits: number[] = []
  const sleep = async (ms: number): Promise<void> => {
    waits.push(ms)
  }
  return { egress: createEgress({ clock: () => 0, random: () => 0.5, sleep, ...deps }), waits }
}

/** A GET within a private network, as tests need it. */
export const get = (url: string, change: Partial<EgressRequest> = {}): EgressRequest => ({
  url: new URL(url),
  method: 'GET',
  headers: {},
  signal: new AbortController().signal,
  timeoutMs: 5_000,
  maxBytes: 1_000_000,
  allowPrivateNetwork: true,
  idempotent: true,
  ...change,
})
