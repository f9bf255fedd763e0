import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { defineCollection } from '../store/store.ts'
import type { ConnectionDefinition } from './definition.ts'

const touch = z.strictObject({ at: z.number(), by: z.string() })

const connectionRowSchema = z.strictObject({
  title: z.string().exactOptional(),
  provider: z.string(),
  server: z.strictObject({ url: z.string(), transport: z.enum(['auto', 'http', 'sse']) }).exactOptional(),
  method: z.string(),
  settings: z.custom<JsonObject>(isJsonObject),
  baseUrl: z.string().exactOptional(),
  allowPrivateNetwork: z.boolean(),
  owner: z.string().exactOptional(),
  credential: z.enum(['shared', 'per_user']),
  enabled: z.boolean(),
  created: touch,
  updated: touch,
  deletedAt: z.number().exactOptional(),
})

/** A managed connection as it is stored, under its slug. */
export type ConnectionRow = z.output<typeof connectionRowSchema>

export const connectionCollection = defineCollection<ConnectionRow>('connections', connectionRowSchema)

/** What an admin said of a declared connection: the file itself is not written. */
export const switchCollection = defineCollection(
  'connection_switches',
  z.strictObject({ enabled: z.literal(false), at: z.number(), by: z.string() }),
)

export const toDefinition = (slug: string, version: number, row: ConnectionRow): ConnectionDefinition => ({
  ...row,
  slug,
  origin: 'managed',
  version,
})
