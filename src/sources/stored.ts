import * as z from 'zod'
import { defineCollection, type Store } from '../store/store.ts'
import { type Definitions, type KnownDefinitions, knownDefinitionsSchema } from './definitions.ts'
import type { Verdict, Verdicts } from './verdicts.ts'

const definitions = defineCollection<KnownDefinitions>('definitions', knownDefinitionsSchema)
const verdicts = defineCollection<Verdict>(
  'verdicts',
  z.strictObject({
    era: z.enum(['legacy', 'modern']),
    eras: z.array(z.enum(['legacy', 'modern'])).exactOptional(),
    at: z.number(),
    endpoint: z.string(),
  }),
)

/** The last known tools of each connection, kept in the store. */
export const storedDefinitions = (store: Store): Definitions => ({
  load: async (connection) => (await store.get(definitions, connection))?.value,
  async save(connection, known) {
    await store.put(definitions, connection, known)
  },
})

/** The era of each downstream server, kept in the store. */
export const storedVerdicts = (store: Store): Verdicts => ({
  get: async (connection) => (await store.get(verdicts, connection))?.value,
  async set(connection, verdict) {
    if (verdict) await store.put(verdicts, connection, verdict)
    else await store.delete(verdicts, connection)
  },
})
