import * as z from 'zod'
import type { Subject } from '../kernel/credential.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { defineCollection } from '../store/store.ts'
import { isSealedSecret, type SealedSecret } from '../vault/sealed-secret.ts'

const sealed = z.custom<SealedSecret>(isSealedSecret)
const moment = z.number()

const tokensSchema = z.strictObject({
  access: sealed,
  refresh: sealed.exactOptional(),
  expiresAt: moment.exactOptional(),
  /** How long the access token was good for when it came, milliseconds. */
  lifetimeMs: z.number().exactOptional(),
  refreshExpiresAt: moment.exactOptional(),
})

const credentialRowSchema = z.strictObject({
  organisation: z.string(),
  connection: z.string(),
  /** `shared`, or `user:` and the person's id. */
  subject: z.string(),
  /** `targetOf` the connection that it was entered for. */
  target: z.string(),
  method: z.string(),
  fields: z.record(z.string(), sealed),
  /** The fields, if any, are an OAuth client's own: tokens are got with them, or once a person has consented. */
  client: z.enum(['mints', 'waits']).exactOptional(),
  tokens: tokensSchema.exactOptional(),
  captured: z.custom<JsonObject>(isJsonObject),
  scopes: z.array(z.string()).exactOptional(),
  account: z.string().exactOptional(),
  /** Differs for every time that a person connected. */
  grant: z.string(),
  /** Differs for every credential, refreshed ones too. */
  generation: z.string(),
  grantedAt: moment,
  updatedAt: moment,
  by: z.string().exactOptional(),
  /** It was refused for good: only a person can help. */
  dead: z.strictObject({ at: moment, reason: z.string() }).exactOptional(),
})

/** A stored credential. Every secret in it is sealed for this very row and field. */
export type CredentialRow = z.output<typeof credentialRowSchema>
export type TokenRow = z.output<typeof tokensSchema>

export const credentialCollection = defineCollection<CredentialRow>('credentials', credentialRowSchema)

export const SHARED = 'shared'

export const subjectKey = (subject: Subject): string => (subject === 'shared' ? SHARED : `user:${subject.user}`)

/** The person of a subject's key; undefined for the shared one. */
export const userOf = (subject: string): string | undefined =>
  subject === SHARED ? undefined : subject.slice('user:'.length)

/** Neither organisations nor slugs have a slash, so that no two credentials share an id. */
export const credentialId = (organisation: string, connection: string, subject: string): string =>
  `${organisation}/${connection}/${subject}`
