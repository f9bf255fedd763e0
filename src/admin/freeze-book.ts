import * as z from 'zod'
import type { Freeze } from '../kernel/freeze.ts'
import { defineCollection, type Store } from '../store/store.ts'

const collection = defineCollection(
  'freezes',
  z.strictObject({
    scope: z.enum(['all', 'agent', 'connection']),
    id: z.string().optional(),
    reason: z.string().optional(),
    by: z.string(),
    at: z.number(),
  }),
)

/** What is stopped, kept in the store: a restart lifts nothing. */
export interface FreezeBook {
  /** From memory, the oldest first. */
  all(): readonly Freeze[]
  /** In force when it is called, and durable when it resolves. */
  add(freeze: Freeze): Promise<void>
  /** False when that was not stopped. In force when it is durable: what cannot be written stays stopped. */
  lift(what: Pick<Freeze, 'scope' | 'id'>): Promise<boolean>
  close(): void
}

export interface FreezeBookDeps {
  readonly store: Store
  /** Puts them into force, at once. */
  readonly apply: (freezes: readonly Freeze[]) => void
}

export async function freezeBook({ store, apply }: FreezeBookDeps): Promise<FreezeBook> {
  const held = new Map((await store.list(collection)).map(({ id, value }) => [id, value as Freeze]))
  const all = (): readonly Freeze[] => [...held.values()].toSorted((a, b) => a.at - b.at)
  const set = (key: string, freeze: Freeze | undefined): void => {
    if (freeze) held.set(key, freeze)
    else held.delete(key)
    apply(all())
  }
  apply(all())
  return {
    all,
    async add(freeze) {
      set(keyOf(freeze), freeze)
      await store.put(collection, keyOf(freeze), freeze)
    },
    async lift(what) {
      const key = keyOf(what)
      const isStored = await store.delete(collection, key)
      const isHeld = held.has(key)
      set(key, undefined)
      return isStored || isHeld
    },
    close: store.watch(collection, ({ id, row }) => set(id, row?.value)),
  }
}

const keyOf = ({ scope, id = '' }: Pick<Freeze, 'scope' | 'id'>): string => `${scope}:${id}`
