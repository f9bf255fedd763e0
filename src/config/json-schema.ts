import * as z from 'zod'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { configSchema } from './schema.ts'

/** The JSON Schema (2020-12) of the file as people write it, for editors and for `did you mean`. */
export function configJsonSchema(): JsonObject {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any', reused: 'inline' })
  return { ...(schema as JsonObject), title: 'Gatehouse configuration' }
}

/** The keys that a JSON Schema knows at a place; those of every alternative where it has alternatives. */
export function knownKeys(schema: JsonObject, path: readonly PropertyKey[]): readonly string[] {
  let schemas: readonly JsonObject[] = [schema]
  for (const step of path) schemas = schemas.flatMap((schema) => stepInto(schema, step))
  return [...new Set(schemas.flatMap(alternatives).flatMap((schema) => Object.keys(asObject(schema['properties']))))]
}

function stepInto(schema: JsonObject, step: PropertyKey): readonly JsonObject[] {
  return alternatives(schema).flatMap((one) => {
    const properties = asObject(one['properties'])
    const name = String(step)
    const next = Object.hasOwn(properties, name) ? properties[name] : (one['items'] ?? one['additionalProperties'])
    return isJsonObject(next) ? [next] : []
  })
}

function alternatives(schema: JsonObject): readonly JsonObject[] {
  const options = schema['anyOf'] ?? schema['oneOf']
  return Array.isArray(options) ? options.filter(isJsonObject).flatMap(alternatives) : [schema]
}

const asObject = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {})
