import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'

/** The JSON Schema 2020-12 of what a schema takes or gives; undefined when JSON Schema cannot say it. */
export function schemaOf(schema: z.ZodType, io: 'input' | 'output'): JsonObject | undefined {
  try {
    const json: unknown = z.toJSONSchema(schema, { io })
    return isJsonObject(json) ? json : undefined
  } catch {
    return undefined
  }
}

/** The names of an object schema's properties; undefined for anything else. */
export function propertiesOf(schema: z.ZodType): readonly string[] | undefined {
  const properties = schemaOf(schema, 'input')?.['properties']
  return isJsonObject(properties) ? Object.keys(properties) : undefined
}
