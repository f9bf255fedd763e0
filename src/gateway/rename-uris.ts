import type { Features } from '../catalog/features.ts'
import { isJsonObject, type Json } from '../kernel/json.ts'

/** Where MCP carries the URI of a resource: contents, links, embedded resources, updates, and `_meta.ui` of MCP Apps. */
const URI_MEMBERS = new Set(['uri', 'resourceUri'])

/** A source's answer with its resources under the URIs by which agents know them. The same value when none was renamed. */
export function renameUris<T extends Json>(features: Features, connection: string, value: T): T {
  return features.isRenamed(connection) ? (walk(value, (uri) => features.wireUri(connection, uri)) as T) : value
}

function walk(value: Json, rename: (uri: string) => string): Json {
  if (Array.isArray(value)) return value.map((item: Json) => walk(item, rename))
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      URI_MEMBERS.has(key) && typeof member === 'string'
        ? rename(member)
        : member === undefined
          ? member
          : walk(member, rename),
    ]),
  )
}
