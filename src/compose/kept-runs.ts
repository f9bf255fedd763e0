import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Log } from '../gateway/gateway.ts'
import { type Runs, runs } from '../gateway/runs.ts'
import type { Clock } from '../kernel/clock.ts'
import { toGatewayError } from '../kernel/errors.ts'
import { defineCollection, type Store } from '../store/store.ts'

const collection = defineCollection(
  'runs',
  z.strictObject({ key: z.string(), labels: z.array(z.string()), until: z.number() }),
)

export interface KeptRunsDeps {
  readonly store: Store
  readonly clock: Clock
  readonly idleMs: number
  readonly log: Pick<Log, 'error'>
}

/** Runs that remember what they have seen across a restart. */
export async function keptRuns({ store, clock, idleMs, log }: KeptRunsDeps): Promise<Runs> {
  const rows = await store.list(collection)
  const now = clock()
  for (const { id, value } of rows) if (value.until <= now) await store.delete(collection, id)
  return runs({
    clock,
    idleMs,
    kept: rows.filter(({ value }) => value.until > now).map(({ value: { key, ...run } }) => [key, run] as const),
    onChange: (key, { labels, until }) =>
      void store.put(collection, idOf(key), { key, labels: [...labels], until }).catch((error: unknown) => {
        // It holds in memory; only a restart now would forget it.
        log.error({ reason: toGatewayError(error).message }, 'what a run has seen cannot be kept')
      }),
  })
}

const idOf = (key: string): string => createHash('sha256').update(key).digest('base64url')
