import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Log } from '../gateway/gateway.ts'
import { limitsOver, type LocalLimits, type MemoryBuckets, memoryBuckets } from '../gateway/limits.ts'
import type { Clock } from '../kernel/clock.ts'
import { toGatewayError } from '../kernel/errors.ts'
import type { Schedule } from '../sources/schedule.ts'
import { defineCollection, type Store } from '../store/store.ts'

const collection = defineCollection(
  'limits',
  z.strictObject({ key: z.string(), value: z.number(), window: z.string().optional(), until: z.number() }),
)

/** How long what was taken may be unwritten, milliseconds: what a power cut can give back to an agent. */
const KEEP_EVERY_MS = 1_000

export interface KeptLimitsDeps {
  readonly store: Store
  readonly clock: Clock
  readonly schedule: Schedule
  readonly log: Pick<Log, 'error'>
}

/** A bucket that says nothing after this long, milliseconds, would be forgotten by the time a restart is over. */
const TOO_SHORT_MS = 5_000

/** Limits that survive a restart: what was taken is written every second, and once more on closing. */
export async function keptLimits(deps: KeptLimitsDeps): Promise<LocalLimits & { close(): Promise<void> }> {
  const { store, clock, schedule } = deps
  const buckets = memoryBuckets(clock, await recalled(store, clock()))
  let cancel: () => void = () => undefined
  let writing = Promise.resolve()
  const write = (): Promise<void> => (writing = writing.then(() => keep(buckets, deps)))
  const again = (): void => {
    cancel = schedule(() => void write().then(again), KEEP_EVERY_MS)
  }
  again()
  return {
    ...limitsOver(buckets, clock),
    async close() {
      cancel()
      await write()
      cancel()
    },
  }
}

async function recalled(store: Store, now: number) {
  const rows = await store.list(collection)
  for (const { id, value } of rows) if (value.until <= now) await store.delete(collection, id)
  return rows.filter(({ value }) => value.until > now).map(({ value: { key, ...bucket } }) => [key, bucket] as const)
}

async function keep(buckets: MemoryBuckets, { store, clock, log }: KeptLimitsDeps): Promise<void> {
  const changed = [...buckets.changed()].filter(([, { until }]) => until > clock() + TOO_SHORT_MS)
  // One that was forgotten and used again is written, not deleted.
  const gone = buckets.forgotten().filter((key) => buckets.get(key) === undefined)
  try {
    await Promise.all([
      ...changed.map(([key, bucket]) => store.put(collection, idOf(key), { key, ...bucket })),
      ...gone.map((key) => store.delete(collection, idOf(key))),
    ])
  } catch (error) {
    // They still hold in memory; only a restart now would forget them.
    for (const [key, bucket] of changed) buckets.set(key, buckets.get(key) ?? bucket)
    log.error({ reason: toGatewayError(error).message }, 'what rate limits have counted cannot be kept')
  }
}

const idOf = (key: string): string => createHash('sha256').update(key).digest('base64url')
