import { isJsonObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import type { SourceTool, ToolDefinition } from '../../src/kernel/tool.ts'

/** What a caller that agrees to everything answers to `elicitation/create`, `sampling/createMessage` and `roots/list`. */
export function answerTo(method: string, params: JsonObject): JsonObject {
  if (method === 'elicitation/create') return { action: 'accept', content: filledIn(params['requestedSchema']) }
  if (method === 'roots/list') return { roots: [] }
  if (method === 'sampling/createMessage') {
    return { role: 'assistant', content: { type: 'text', text: 'Yes.' }, model: 'none', stopReason: 'endTurn' }
  }
  throw new Error(`The caller has no answer to ${method}.`)
}

/** A form with the defaults that it proposes, and a value of its type where it proposes none. */
const filledIn = (schema: Json | undefined): JsonObject =>
  Object.fromEntries(
    propertiesOf(schema).map(([name, property]) => [name, property['default'] ?? valueOf(property['type'])]),
  )

/** Arguments of the right types. A property named `schema` gets the first tool's own schema, to see that it came whole. */
export function sampleArguments({ inputSchema }: ToolDefinition, tools: readonly SourceTool[]): JsonObject {
  const first = tools[0]?.definition.inputSchema ?? {}
  return Object.fromEntries(
    propertiesOf(inputSchema).map(([name, { type }]) => [name, name === 'schema' ? first : valueOf(type)]),
  )
}

function propertiesOf(schema: Json | undefined): readonly (readonly [string, JsonObject])[] {
  const properties = isJsonObject(schema) ? schema['properties'] : undefined
  if (!isJsonObject(properties)) return []
  return Object.entries(properties).map(([name, property]) => [name, isJsonObject(property) ? property : {}])
}

function valueOf(type: Json | undefined): Json {
  if (type === 'number' || type === 'integer') return 5
  if (type === 'boolean') return true
  if (type === 'array') return []
  return type === 'object' ? {} : 'text'
}
