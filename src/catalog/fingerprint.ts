import { createHash } from 'node:crypto'
import type { JsonObject } from '../kernel/json.ts'
import type { ToolDefinition } from '../kernel/tool.ts'
import { canonicalJson } from './canonical-json.ts'

/** What a model or a policy relies on; a change in any of it must be accepted by an admin. */
export const PINNED_FIELDS = ['name', 'title', 'description', 'inputSchema', 'outputSchema', 'annotations'] as const

/** The part of a definition that the fingerprint covers. */
export function pinnedPart(definition: ToolDefinition): JsonObject {
  return Object.fromEntries(PINNED_FIELDS.map((field) => [field, definition[field]]))
}

/** SHA-256 (hexadecimal) over the pinned part of the upstream's own definition and the identity of its server. */
export function fingerprint(definition: ToolDefinition, identity: string): string {
  return createHash('sha256')
    .update(canonicalJson({ identity, definition: pinnedPart(definition) }))
    .digest('hex')
}
