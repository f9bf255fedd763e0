import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'

const MAX_GROUPS = 500
/** Names end up in audit records and limits: short, and nothing that breaks a line. */
const NAME = /^[^\p{Cc}\p{Cf}]{1,256}$/u

/** The value at a JSON Pointer (RFC 6901) of a token's claims. */
export function claimAt(claims: JsonObject, pointer: string): Json | undefined {
  let value: Json | undefined = claims
  for (const step of pointer.split('/').slice(1)) {
    const key = step.replaceAll('~1', '/').replaceAll('~0', '~')
    value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  }
  return value
}

/** A name, or undefined when the claim is none. */
export const asName = (value: Json | undefined): string | undefined =>
  typeof value === 'string' && NAME.test(value) ? value : undefined

/** A list of names; a single text is a list of one. What is no name is left out. */
export const asNames = (value: Json | undefined): readonly string[] =>
  (Array.isArray(value) ? value : [value]).slice(0, MAX_GROUPS).flatMap((item: Json | undefined) => asName(item) ?? [])

/** Scopes of a token: `scope` (RFC 8693 §4.2), or `scp` as some issuers have it; text or list. */
export function scopesOf(claims: JsonObject): ReadonlySet<string> {
  const words = [claims['scope'], claims['scp']].flatMap((value) => (Array.isArray(value) ? value : [value]))
  return new Set(words.flatMap((word) => (typeof word === 'string' ? word.split(' ') : [])))
}
