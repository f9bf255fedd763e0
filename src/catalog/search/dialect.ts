import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { ANNOTATIONS, SCHEMA_LISTS, SCHEMA_MAPS, SCHEMAS, SHARED } from './schema-keywords.ts'

const MAX_DEPTH = 32

/**
 * Whether a schema means the same without its `$schema`: it is the dialect that MCP takes for granted, 2020-12
 * (https://modelcontextprotocol.io/specification, Tools), or it uses only what every draft since 6 reads alike.
 */
export const isDialectFree = (schema: JsonObject): boolean => isAssumed(schema['$schema']) || isShared(schema, 0)

const isAssumed = (dialect: Json | undefined): boolean =>
  typeof dialect === 'string' && /^https?:\/\/json-schema\.org\/draft\/2020-12\/schema#?$/.test(dialect)

function isShared(schema: Json | undefined, depth: number): boolean {
  if (!isJsonObject(schema)) return typeof schema === 'boolean'
  if (depth > MAX_DEPTH) return false
  const keys = Object.keys(schema)
  const isPlainReference = schema['$ref'] === undefined || keys.every((key) => key === '$ref' || ANNOTATIONS.has(key))
  return isPlainReference && keys.every((key) => isSharedMember(key, schema[key], depth + 1))
}

function isSharedMember(key: string, value: Json | undefined, depth: number): boolean {
  if (!SHARED.has(key)) return false
  if (SCHEMA_MAPS.has(key)) return isJsonObject(value) && Object.values(value).every((one) => isShared(one, depth))
  if (SCHEMA_LISTS.has(key)) return Array.isArray(value) && value.every((one: Json) => isShared(one, depth))
  if (SCHEMAS.has(key)) return isShared(value, depth)
  return key.startsWith('exclusive') ? typeof value === 'number' : true
}
