import { createHash } from 'node:crypto'
import * as z from 'zod'
import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { defineCollection, type Store, type Versioned } from '../store/store.ts'

const rowSchema = z.strictObject({
  /** SHA-256 of the request that the key was used for, base64url. */
  request: z.string(),
  /** When it was begun, in milliseconds since the epoch. */
  at: z.number(),
  /** The sealed answer: it may hold a key that is shown this once. Absent while the work runs. */
  answer: z.string().optional(),
})
type Row = z.infer<typeof rowSchema>

export const replayCollection = defineCollection('replays', rowSchema)

/** How long an answer is repeated, milliseconds. */
const KEPT_MS = 24 * 3_600_000
/** Keys that are remembered at the same time, and how often those that are over are swept out, milliseconds. */
const MOST_KEPT = 1_000
const SWEEP_MS = 600_000
/** Larger answers are not kept, characters of JSON: the embedded store writes all that it has at once. */
const MOST_ANSWER = 16_384

/** What makes two requests the same: who asks, where, under which key, and with which body. */
export interface RepeatableRequest {
  readonly principal: string
  /** Method and address. */
  readonly route: string
  readonly key: string
  /** As it was sent. */
  readonly body: string
}

/** Makes a repeated request the same request. */
export interface ReplayBook {
  /**
   * Runs the work at most once for a key within 24 hours, and answers what it answered then. A failure that changed nothing
   * is forgotten, so that the next attempt is a new one. GatewayError `idempotency_conflict` for a key that was used for
   * another request, or whose work was begun and may have been done; `overloaded` when too many are remembered.
   */
  once(request: RepeatableRequest, work: () => Promise<JsonObject>): Promise<JsonObject>
}

export interface ReplayBookDeps {
  readonly store: Store
  readonly seal: { seal(value: JsonObject): string; open(text: string): JsonObject | undefined }
  readonly clock: Clock
}

/** After these nobody knows whether the work was done. */
const UNCERTAIN = ['internal', 'audit_unavailable', 'store_unavailable', 'cancelled', 'upstream_timeout']

export function replayBook({ store, seal, clock }: ReplayBookDeps): ReplayBook {
  const makeRoom = sweeper(store, clock)
  const begin = async (id: string, request: string): Promise<Versioned<Row>> => {
    await makeRoom()
    return store.put(replayCollection, id, { request, at: clock() }, { ifVersion: 0 })
  }
  const run = async (id: string, request: string, work: () => Promise<JsonObject>): Promise<JsonObject> => {
    const { version, value } = await begin(id, request)
    let answer: JsonObject
    try {
      answer = await work()
    } catch (error) {
      if (isHarmless(error)) await store.delete(replayCollection, id, { ifVersion: version })
      throw error
    }
    const kept = JSON.stringify(answer).length <= MOST_ANSWER ? { ...answer, kept: true } : { kept: false }
    await store.put(replayCollection, id, { ...value, answer: seal.seal(kept) }, { ifVersion: version })
    return answer
  }
  return {
    once: ({ principal, route, key, body }, work) => {
      const id = digest([principal, route, key])
      const request = digest([body])
      return store.withLock(`replay/${id}`, async () => {
        const known = await store.get(replayCollection, id)
        if (!known) return run(id, request, work)
        if (clock() - known.value.at < KEPT_MS) return replayed(known.value, request, seal)
        await store.delete(replayCollection, id, { ifVersion: known.version })
        return run(id, request, work)
      })
    },
  }
}

function replayed({ request: before, answer }: Row, request: string, seal: ReplayBookDeps['seal']): JsonObject {
  if (before !== request) {
    throw conflict('This Idempotency-Key was used for a request with another body. Use a new key for a new request.')
  }
  const { kept, ...shown } = (answer === undefined ? undefined : seal.open(answer)) ?? {}
  if (kept === true) return shown
  throw conflict(
    'A request with this Idempotency-Key was begun, and its answer is not known here. Look whether it was done; if not, send it with a new key.',
  )
}

const conflict = (detail: string): GatewayError => new GatewayError('idempotency_conflict', detail)

const isHarmless = (error: unknown): boolean => error instanceof GatewayError && !UNCERTAIN.includes(error.code)

/** Deletes what is over now and then, and refuses more than can be remembered. */
function sweeper(store: Store, clock: Clock): () => Promise<void> {
  let sweptAt = Number.NEGATIVE_INFINITY
  let count = 0
  return async () => {
    if (clock() - sweptAt >= SWEEP_MS || count >= MOST_KEPT) {
      sweptAt = clock()
      count = await sweep(store, clock() - KEPT_MS)
    }
    if (count >= MOST_KEPT) {
      throw new GatewayError(
        'overloaded',
        'Too many Idempotency-Keys are in use. Send the request without one, or later.',
      )
    }
    count += 1
  }
}

/** How many are left. */
async function sweep(store: Store, before: number): Promise<number> {
  const rows = await store.list(replayCollection)
  const over = rows.filter(({ value }) => value.at <= before)
  await Promise.all(over.map(({ id }) => store.delete(replayCollection, id)))
  return rows.length - over.length
}

/** Each part is told apart from the next, whatever it holds. */
const digest = (parts: readonly string[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url')
