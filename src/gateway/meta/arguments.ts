import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { FINDING } from './definitions.ts'

/** What models write for the name and the arguments of the tool that they want called. */
const NAMES = ['tool', 'name', 'tool_name'] as const
const ARGUMENTS = ['arguments', 'args', 'parameters', 'input'] as const
const LISTS: ReadonlySet<string> = new Set(['tools'])
const NUMBERS: ReadonlySet<string> = new Set(['limit'])
/** Longer texts are no arguments that a model wrote by mistake as text. Characters. */
const MOST_TEXT = 1_000_000

/** The arguments of a built-in tool as they were meant; what cannot be guessed stays, for the schema to refuse. */
export function tidied(tool: string, input: unknown): unknown {
  const read = asObject(input)
  if (!isJsonObject(read)) return read
  return tool === FINDING.call || tool === FINDING.callRead ? tidiedCall(read) : tidiedMembers(read)
}

/**
 * `{ tool, arguments }`, also when the name is called otherwise or stands inside the arguments, or when the arguments
 * are JSON in a text. Authorization and dispatch both use this one reading.
 */
function tidiedCall(input: JsonObject): JsonObject {
  const key = NAMES.find((candidate) => input[candidate] !== undefined)
  const given = asObject(first(input, ARGUMENTS))
  if (key !== undefined) return compact(input[key], given ?? without(input, key))
  const within = given ?? {}
  if (!isJsonObject(within)) return compact(undefined, within)
  const nested = NAMES.find((key) => typeof within[key] === 'string')
  if (nested === undefined) return compact(undefined, within)
  const rest = without(within, nested)
  const [only, ...others] = Object.keys(rest)
  const isWrapped = only !== undefined && others.length === 0 && ARGUMENTS.some((candidate) => candidate === only)
  return compact(within[nested], isWrapped ? asObject(rest[only]) : rest)
}

const without = (input: JsonObject, key: string): JsonObject =>
  Object.fromEntries(Object.entries(input).filter(([name]) => name !== key))

const compact = (tool: Json | undefined, input: Json | undefined): JsonObject => ({
  ...(tool !== undefined && { tool }),
  arguments: input,
})

const first = (input: JsonObject, keys: readonly string[]): Json | undefined =>
  keys.map((key) => input[key]).find((value) => value !== undefined && value !== null)

/** One name where a list belongs, a number in quotes, and members that are `null` because nobody filled them in. */
function tidiedMembers(input: JsonObject): JsonObject {
  const entries = Object.entries(input).filter(([, value]) => value !== null)
  return Object.fromEntries(entries.map(([key, value]) => [key, tidiedMember(key, value)]))
}

function tidiedMember(key: string, value: Json | undefined): Json | undefined {
  if (LISTS.has(key) && typeof value === 'string') return value.startsWith('[') ? parsed(value) : [value]
  return NUMBERS.has(key) && typeof value === 'string' && /^[0-9]{1,6}$/.test(value) ? Number(value) : value
}

const asObject = <T>(value: T): T | Json =>
  typeof value === 'string' && value.trimStart().startsWith('{') && value.length <= MOST_TEXT ? parsed(value) : value

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return text
  }
}
