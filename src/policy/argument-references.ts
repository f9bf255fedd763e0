import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import { type Feature, isTool, type Tool } from '../kernel/tool.ts'
import { suggest } from './near-name.ts'
import { parsePointer } from './pointer.ts'
import type { Place } from './problem.ts'
import type { Rule } from './schema.ts'

type Answer = 'yes' | 'no' | 'unsure'

/**
 * Notes a problem for every constraint on an argument that no selected tool has: a typo there would deny every call,
 * or with `absent` and `optional` guard nothing. Schemas that leave members open give a warning instead of an error.
 * Resources and prompts have no schema to check against.
 */
export function checkArguments(rule: Rule, features: readonly Feature[], at: Place): void {
  const tools = features.filter(isTool)
  if (tools.length === 0) return
  for (const pointer of Object.keys(rule.args ?? {})) {
    const answers = new Set(tools.map(({ definition }) => hasArgument(definition.inputSchema, parsePointer(pointer))))
    if (answers.has('yes')) continue
    const place = at.at('args', pointer)
    if (answers.has('unsure')) {
      place.warn(
        `The input schema of ${toolsText(tools)} does not say whether there is an argument ${pointer}. Check it.`,
      )
    } else {
      place.reference(
        `${capital(toolsText(tools))} has no argument ${pointer}.${near(pointer, tools)} Fix the pointer.`,
      )
    }
  }
}

/** Keywords that can bring members in from elsewhere. */
const OPEN = ['$ref', '$dynamicRef', 'anyOf', 'oneOf', 'allOf', 'if', 'patternProperties', 'dependentSchemas']
const INDEX = /^[0-9]{1,9}$/

/** Whether an input schema has an argument at a pointer; `unsure` when it leaves members open. */
export function hasArgument(schema: Json | undefined, tokens: readonly string[]): Answer {
  const [token, ...rest] = tokens
  if (token === undefined) return 'yes'
  if (!isJsonObject(schema)) return schema === false ? 'no' : 'unsure'
  const member = memberOf(schema, token)
  return member === undefined ? withoutMember(schema) : hasArgument(member, rest)
}

/** What the schema says of one member or item; undefined when it does not name it. */
function memberOf(schema: JsonObject, token: string): Json | undefined {
  const { properties, items, prefixItems } = schema as Record<string, Json | undefined>
  if (isJsonObject(properties) && Object.hasOwn(properties, token)) return properties[token]
  if (!INDEX.test(token)) return undefined
  const first = Array.isArray(prefixItems) ? (prefixItems as readonly Json[])[Number(token)] : undefined
  return first ?? items
}

function withoutMember(schema: JsonObject): Answer {
  if (OPEN.some((keyword) => Object.hasOwn(schema, keyword))) return 'unsure'
  const { additionalProperties, properties, items, type } = schema as Record<string, Json | undefined>
  if (additionalProperties !== undefined) return additionalProperties === false ? 'no' : 'unsure'
  return properties !== undefined || items !== undefined || SCALARS.includes(type) ? 'no' : 'unsure'
}

const SCALARS: readonly (Json | undefined)[] = ['string', 'number', 'integer', 'boolean', 'null']

const toolsText = (tools: readonly Tool[]): string =>
  tools.length === 1 ? `the tool ${tools[0]?.id}` : `each of the ${tools.length} selected tools`

const capital = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1)

function near(pointer: string, tools: readonly Tool[]): string {
  const names = tools.flatMap(({ definition }) => {
    const { properties } = definition.inputSchema as { readonly properties?: Json }
    return isJsonObject(properties) ? Object.keys(properties).map((name) => `/${name}`) : []
  })
  return suggest(pointer, new Set(names))
}
