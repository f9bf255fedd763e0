import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Tool, ToolDefinition, ToolId } from '../../kernel/tool.ts'
import type { Field } from './fields.ts'

/** What is known about a connection besides its slug. */
export interface ConnectionText {
  readonly title?: string | undefined
  readonly description?: string | undefined
}

/** Words for a tool besides its definition: `texts` written by people, `stems` as `stemsOf` made them of past queries. */
export interface Aliases {
  readonly texts?: readonly string[] | undefined
  readonly stems?: readonly string[] | undefined
}

/** What surrounds the tools: keyed by connection slug and by tool id. */
export interface Surroundings {
  readonly connections?: ReadonlyMap<string, ConnectionText> | undefined
  readonly aliases?: ReadonlyMap<ToolId, Aliases> | undefined
}

type Texts = readonly (readonly [field: Field, text: string])[]

/** A definition may come from anybody: more than this of it is not searched. */
const MAX_TEXT = 4_000
const MAX_PARAMETERS = 100

/** The texts that the fingerprint and the shown description decide. */
export function definitionTexts({ name, title, description, inputSchema }: ToolDefinition): Texts {
  const parameters = parametersOf(inputSchema)
  return [
    ['name', name.slice(0, MAX_TEXT)],
    [
      'description',
      [title, description]
        .filter((text) => text !== undefined)
        .join('\n')
        .slice(0, MAX_TEXT),
    ],
    [
      'parameters',
      parameters
        .map(([parameter]) => parameter)
        .join('\n')
        .slice(0, MAX_TEXT),
    ],
    [
      'parameterDescriptions',
      parameters
        .map(([, text]) => text)
        .join('\n')
        .slice(0, MAX_TEXT),
    ],
  ]
}

/** The texts that the connection and the aliases decide. */
export function surroundingTexts({ connection, id }: Tool, { connections, aliases }: Surroundings): Texts {
  const about = connections?.get(connection)
  return [
    ['connection', `${connection}\n${about?.title ?? ''}`.slice(0, MAX_TEXT)],
    ['connectionDescription', (about?.description ?? '').slice(0, MAX_TEXT)],
    ['aliases', (aliases?.get(id)?.texts ?? []).join('\n').slice(0, MAX_TEXT)],
  ]
}

function parametersOf(schema: JsonObject): readonly (readonly [name: string, description: string])[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  return Object.entries(properties)
    .slice(0, MAX_PARAMETERS)
    .map(([name, property]) => [name, descriptionOf(property)])
}

const descriptionOf = (property: Json | undefined): string =>
  isJsonObject(property) && typeof property['description'] === 'string' ? property['description'] : ''
