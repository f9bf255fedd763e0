import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import type { Tool } from '../../kernel/tool.ts'
import { cutText, firstSentence, plainText } from './plain-text.ts'

/** A tool in one line: enough to choose it, mostly enough to call it. */
export interface Signature {
  /** `conn:github:create_issue(owner:str, repo:str, body?:str, labels?:str[])`; `?` is optional, `~` shortened. */
  readonly call: string
  /** The first sentence of the description, at most 120 characters. */
  readonly description: string
  /** Something was shortened: only the schema says it all. */
  readonly isLossy: boolean
}

const MAX_DESCRIPTION = 120
const MAX_OPTIONAL = 6
/** A definition that requires more is not one that a model can call from a line. */
const MAX_REQUIRED = 40
const MAX_NAME = 64
const MAX_ENUM = 5
const MAX_ENUM_VALUE = 24

/** One line for a tool, under the name that the agent is to call it by. */
export function signature({ definition, id }: Tool, name: string = id): Signature {
  const parameters = parametersOf(definition.inputSchema)
  const required = parameters.filter(({ isRequired }) => isRequired)
  const optional = parameters.filter(({ isRequired }) => !isRequired)
  const shown = [...required.slice(0, MAX_REQUIRED), ...optional.slice(0, MAX_OPTIONAL)]
  const rest = parameters.length - shown.length
  const parts = [...shown.map(({ text }) => text), ...(rest > 0 ? [`~+${rest}`] : [])]
  const call = `${name}(${parts.join(', ')})`
  return {
    call,
    description: firstSentence(definition.description ?? definition.title ?? '', MAX_DESCRIPTION),
    isLossy: parts.some((part) => part.includes('~')),
  }
}

/** The signature as the text of a search answer. */
export const signatureLine = ({ call, description }: Signature): string => `${call} ${description}`.trimEnd()

interface Parameter {
  readonly text: string
  readonly isRequired: boolean
}

function parametersOf(schema: JsonObject): readonly Parameter[] {
  const properties = isJsonObject(schema['properties']) ? schema['properties'] : {}
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const names = new Set([...Object.keys(properties), ...[...required].filter((name) => typeof name === 'string')])
  return [...names].map((name) => {
    const isRequired = required.has(name)
    const shown = cutText(plainText(name), MAX_NAME)
    return { isRequired, text: `${shown}${isRequired ? '' : '?'}:${typeOf(properties[name], schema)}` }
  })
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'str',
  integer: 'int',
  number: 'num',
  boolean: 'bool',
  object: 'obj~',
  null: 'null',
}

function typeOf(property: Json | undefined, root: JsonObject, depth = 0): string {
  const schema = resolved(property, root)
  if (!isJsonObject(schema) || depth > 3) return 'any'
  const values = enumOf(schema)
  if (values !== undefined) return values
  const { type } = schema
  if (type === 'array') return arrayOf(typeOf(schema['items'], root, depth + 1))
  if (typeof type === 'string') return TYPES[type] ?? 'any'
  const choices = Array.isArray(type)
    ? type.map((one) => ({ ...schema, type: one }))
    : (schema['anyOf'] ?? schema['oneOf'])
  if (Array.isArray(choices)) return unionOf(choices.slice(0, 10).map((one) => typeOf(one, root, depth + 1)))
  return isJsonObject(schema['properties']) ? 'obj~' : 'any'
}

const arrayOf = (item: string): string => {
  if (item.endsWith('~')) return `${item.slice(0, -1)}[]~`
  return item.includes('|') ? `(${item})[]` : `${item}[]`
}

function unionOf(types: readonly string[]): string {
  const named = [...new Set(types)].filter((type) => type !== 'null')
  return named.length > 3 ? 'any~' : named.join('|') || 'null'
}

/** Few short values stand in the line; many are told by their type. */
function enumOf(schema: JsonObject): string | undefined {
  const values = schema['const'] === undefined ? schema['enum'] : [schema['const']]
  if (!Array.isArray(values)) return undefined
  const texts = values.map((value) => (typeof value === 'string' ? `"${plainText(value)}"` : JSON.stringify(value)))
  const isShort = texts.length <= MAX_ENUM && texts.every((text) => text.length <= MAX_ENUM_VALUE + 2)
  return isShort ? texts.join('|') : `${values.every((value) => typeof value === 'string') ? 'str' : 'any'}~`
}

/** Follows one local reference; a chain of them is not for a line. */
function resolved(schema: Json | undefined, root: JsonObject): Json | undefined {
  const reference = isJsonObject(schema) ? schema['$ref'] : undefined
  if (typeof reference !== 'string') return schema
  const [, group = '', name = ''] = /^#\/(\$defs|definitions)\/([^/~%]+)$/.exec(reference) ?? []
  const definitions = root[group]
  return isJsonObject(definitions) ? definitions[name] : { type: 'object' }
}
