import { hash, timingSafeEqual } from 'node:crypto'
import { canonicalJson } from '../../catalog/canonical-json.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Feature } from '../../kernel/tool.ts'

/** What an approval is about: this act on this tool as it is defined now, with these arguments. */
export interface HashedCall {
  /** `tool.call`, `resource.read`, …: to read a resource is not to follow it. */
  readonly act: string
  readonly feature: Pick<Feature, 'id' | 'fingerprint' | 'connection'>
  readonly input: JsonObject
}

/** SHA-256 over the canonical JSON of the call, base64url. Anything that differs makes another hash. */
export const callHashOf = ({ act, feature: { id, fingerprint, connection }, input }: HashedCall): string =>
  hash('sha256', canonicalJson({ act, tool: id, fingerprint, connection, arguments: input }), 'base64url')

/** Compares in constant time. */
export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
