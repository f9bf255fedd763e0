import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { ToolDefinition } from '../kernel/tool.ts'
import type { ConnectionTools } from './connection-spec.ts'

/** What a connection last offered, with the fingerprint of the spec that they came from. */
export interface KnownDefinitions extends ConnectionTools {
  readonly fingerprint: string
}

/** Keeps what connections last offered across restarts, so that a gateway lists at once while its servers still start. */
export interface Definitions {
  load(connection: string): Promise<KnownDefinitions | undefined>
  save(connection: string, known: KnownDefinitions): Promise<void>
}

const definition = z.custom<ToolDefinition>(
  (value) => z.looseObject({ name: z.string(), inputSchema: z.looseObject({}) }).safeParse(value).success,
)

const jsonObject = z.custom<JsonObject>(isJsonObject)

/** The stored form of `KnownDefinitions`; rows from before there were features have none. */
export const knownDefinitionsSchema = z.strictObject({
  fingerprint: z.string(),
  connection: z.string(),
  provider: z.string(),
  identity: z.string(),
  tools: z.array(
    z.strictObject({
      definition,
      traits: z.strictObject({
        effect: z.enum(['read', 'write', 'destructive', 'unclassified']),
        external: z.boolean(),
        idempotent: z.boolean(),
        tags: z.array(z.string()),
      }),
      keywords: z.array(z.string()).exactOptional(),
    }),
  ),
  features: z
    .array(
      z.strictObject({ kind: z.enum(['resource', 'template', 'prompt']), name: z.string(), definition: jsonObject }),
    )
    .default([]),
  capabilities: jsonObject.default({}),
  instructions: z.string().exactOptional(),
})

/** Definitions that last as long as the process. */
export function memoryDefinitions(): Definitions {
  const known = new Map<string, KnownDefinitions>()
  return {
    load: (connection) => Promise.resolve(known.get(connection)),
    save: (connection, definitions) => Promise.resolve(void known.set(connection, definitions)),
  }
}
