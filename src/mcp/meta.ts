import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  LOG_LEVEL_META_KEY,
  PROTOCOL_VERSION_META_KEY,
  SERVER_INFO_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
} from '@modelcontextprotocol/server'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'

/** What `_meta` says about one hop only. Everything else travels on, known or not. */
const HOP_KEYS = new Set<string>([
  'progressToken',
  PROTOCOL_VERSION_META_KEY,
  CLIENT_INFO_META_KEY,
  CLIENT_CAPABILITIES_META_KEY,
  LOG_LEVEL_META_KEY,
  SERVER_INFO_META_KEY,
  SUBSCRIPTION_ID_META_KEY,
])

/** The `_meta` that may travel on to the source; undefined when nothing is left of it. */
export function metaToForward({ _meta }: JsonObject): JsonObject | undefined {
  if (!isJsonObject(_meta)) return undefined
  const entries = Object.entries(_meta).filter(([key]) => !HOP_KEYS.has(key))
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** A result whose `_meta` says nothing about the hop behind us. The same object when there was nothing to take off. */
export function withoutHopMeta(result: JsonObject): JsonObject {
  const { _meta, ...rest } = result
  if (!isJsonObject(_meta) || !Object.keys(_meta).some((key) => HOP_KEYS.has(key))) return result
  const kept = metaToForward(result)
  return kept === undefined ? rest : { ...rest, _meta: kept }
}
