import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { isDialectFree } from './dialect.ts'
import { inlinable } from './inlinable.ts'
import { cutText, plainText } from './plain-text.ts'
import { ANNOTATIONS, DEFINITIONS, SCHEMA_LISTS, SCHEMA_MAPS, SCHEMAS } from './schema-keywords.ts'

const MAX_DESCRIPTION = 160
/** Deeper schemas stay as they are from there on. */
const MAX_DEPTH = 32
const MAX_INLINED = 4
const DROPPED: ReadonlySet<string> = new Set(['title', 'examples', '$comment'])

/**
 * A schema for fewer tokens that accepts and refuses the same values: no titles, examples and comments, descriptions of
 * at most 160 characters, no empty `required`, and a definition that is used once stands where it is used. `$schema`
 * goes where every dialect reads the rest alike. Arguments are still validated against the original.
 */
export function slimSchema(schema: JsonObject): JsonObject {
  const walk: Walk = { definitions: inlinable(schema), written: new Set(), inlined: 0, depth: 0 }
  const slim = members(schema, walk, (key) => !DEFINITIONS.has(key))
  const rest = members(schema, { ...walk, definitions: new Map() }, (key) => DEFINITIONS.has(key))
  const left = Object.entries(rest).flatMap(([key, group]) => withoutWritten(key, group, walk.written))
  const { $schema, ...body } = { ...slim, ...Object.fromEntries(left) }
  return $schema === undefined || isDialectFree(schema) ? body : { $schema, ...body }
}

interface Walk {
  /** Definitions that may be written where their only reference is, by that reference. */
  readonly definitions: ReadonlyMap<string, JsonObject>
  /** The references that were replaced. */
  readonly written: Set<string>
  readonly inlined: number
  readonly depth: number
}

function slimmed(schema: Json, walk: Walk): Json {
  if (!isJsonObject(schema) || walk.depth > MAX_DEPTH) return schema
  const deeper = { ...walk, depth: walk.depth + 1 }
  const { $ref: reference, ...beside } = schema
  const definition = typeof reference === 'string' ? walk.definitions.get(reference) : undefined
  const isAlone = Object.keys(beside).every((key) => ANNOTATIONS.has(key))
  if (typeof reference !== 'string' || definition === undefined || !isAlone || walk.inlined === MAX_INLINED) {
    return members(schema, deeper, () => true)
  }
  walk.written.add(reference)
  return members({ ...definition, ...beside }, { ...deeper, inlined: walk.inlined + 1 }, () => true)
}

function members(schema: JsonObject, walk: Walk, isWanted: (key: string) => boolean): JsonObject {
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([key, value]) => isWanted(key) && !DROPPED.has(key) && !isEmptyRequired(key, value))
      .map(([key, value]) => [key, member(key, value, walk)]),
  )
}

const isEmptyRequired = (key: string, value: Json | undefined): boolean =>
  key === 'required' && Array.isArray(value) && value.length === 0

function member(key: string, value: Json | undefined, walk: Walk): Json | undefined {
  if (key === 'description' && typeof value === 'string') return cutText(plainText(value), MAX_DESCRIPTION)
  if (SCHEMA_MAPS.has(key) && isJsonObject(value)) return eachMember(value, (schema) => slimmed(schema, walk))
  if (SCHEMAS.has(key) && isJsonObject(value)) return slimmed(value, walk)
  const isList = (SCHEMA_LISTS.has(key) || SCHEMAS.has(key)) && Array.isArray(value)
  return isList ? value.map((schema: Json) => slimmed(schema, walk)) : value
}

const eachMember = (group: JsonObject, change: (schema: Json) => Json): JsonObject =>
  Object.fromEntries(
    Object.entries(group).flatMap(([key, value]) => (value === undefined ? [] : [[key, change(value)]])),
  )

type Member = readonly [key: string, value: Json | undefined]

/** What nobody refers to any more goes, and the group with its last member. */
function withoutWritten(key: string, group: Json | undefined, written: ReadonlySet<string>): readonly Member[] {
  if (!isJsonObject(group)) return [[key, group]]
  const left = Object.entries(group).filter(([name]) => !written.has(`#/${key}/${name}`))
  return left.length === 0 ? [] : [[key, Object.fromEntries(left)]]
}
