import { isJsonObject, type Json } from '../kernel/json.ts'

/**
 * One text for one value: object keys sorted by UTF-16 code units, no white space (RFC 8785 for JSON that was parsed
 * from text). Fingerprints and argument hashes are taken over it. Undefined members are left out.
 */
export function canonicalJson(value: Json | undefined): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`)
  return `{${members.join(',')}}`
}
