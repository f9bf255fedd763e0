import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'

interface Reader {
  readonly text: string
  offset: number
}

type Table = { [key: string]: Json }

const MAX_DEPTH = 32
const GAP = /(?:[ \t\r\n]|#[^\n]*)*/y
const SPACE = /[ \t]*/y
const BARE = /[A-Za-z0-9_-]+/y
const BASIC = /"(?:[^"\\\n]|\\.)*"/y
const LITERAL = /'[^'\n]*'/y
const LONG_BASIC = /"""\n?((?:[^\\]|\\[\s\S])*?)"""/y
const LONG_LITERAL = /'''\n?([\s\S]*?)'''/y
/** Numbers, booleans and dates. */
const WORD = /[A-Za-z0-9+\-_.:]+/y

/**
 * Reads the part of TOML 1.0 that configurations of clients use: tables, dotted keys, texts, arrays, inline tables. Dates come as
 * texts. Throws `invalid_request` with the line, without what stands there: it may be a secret.
 */
export function parseToml(text: string, path: string): JsonObject {
  const reader: Reader = { text, offset: 0 }
  const root = newTable()
  try {
    let table = root
    for (gap(reader); reader.offset < text.length; gap(reader)) {
      if (reader.text[reader.offset] === '[') table = readHeader(reader, root)
      else readPair(reader, table, 0)
      endOfLine(reader)
    }
    return root
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const line = text.slice(0, reader.offset).split('\n').length
    throw new GatewayError(
      'invalid_request',
      `${path} is not TOML: ${error.message} in line ${line}. Nothing was imported.`,
    )
  }
}

const newTable = (): Table => Object.create(null) as Table

function readHeader(reader: Reader, root: Table): Table {
  const isArray = reader.text.startsWith('[[', reader.offset)
  reader.offset += isArray ? 2 : 1
  const keys = readKeys(reader)
  expect(reader, isArray ? ']]' : ']')
  if (!isArray) return tableAt(root, keys)
  const parent = tableAt(root, keys.slice(0, -1))
  const last = keys.at(-1) ?? ''
  const table = newTable()
  const before = parent[last]
  parent[last] = [...(Array.isArray(before) ? (before as readonly Json[]) : []), table]
  return table
}

function readPair(reader: Reader, table: Table, depth: number): void {
  const keys = readKeys(reader)
  expect(reader, '=')
  const parent = tableAt(table, keys.slice(0, -1))
  const last = keys.at(-1) ?? ''
  if (last in parent) throw new SyntaxError('a key stands twice')
  match(reader, SPACE)
  parent[last] = readValue(reader, depth)
}

function readKeys(reader: Reader): readonly string[] {
  const keys: string[] = []
  do {
    match(reader, SPACE)
    const key = match(reader, BARE) ?? readLine(reader)
    if (key === undefined) throw new SyntaxError('a key is missing')
    keys.push(key)
    if (keys.length > MAX_DEPTH) throw new SyntaxError('nested too deep')
    match(reader, SPACE)
  } while (takes(reader, '.'))
  return keys
}

function tableAt(root: Table, keys: readonly string[]): Table {
  let table = root
  for (const key of keys) {
    const next = (table[key] ??= newTable())
    const inner = Array.isArray(next) ? (next as readonly Json[]).at(-1) : next
    if (!isJsonObject(inner)) throw new SyntaxError('a value is used as a table')
    table = inner as Table
  }
  return table
}

function readValue(reader: Reader, depth: number): Json {
  if (depth > MAX_DEPTH) throw new SyntaxError('nested too deep')
  const text = readLong(reader) ?? readLine(reader)
  if (text !== undefined) return text
  if (takes(reader, '[')) return readArray(reader, depth)
  if (takes(reader, '{')) return readInline(reader, depth)
  const word = match(reader, WORD)
  if (word === undefined) throw new SyntaxError('a value is missing')
  if (word === 'true' || word === 'false') return word === 'true'
  const number = Number(word.replaceAll('_', ''))
  return Number.isFinite(number) ? number : word
}

function readArray(reader: Reader, depth: number): Json {
  const items: Json[] = []
  for (gap(reader); !takes(reader, ']'); gap(reader)) {
    items.push(readValue(reader, depth + 1))
    gap(reader)
    if (!takes(reader, ',') && reader.text[reader.offset] !== ']') throw new SyntaxError('an array has no end')
  }
  return items
}

function readInline(reader: Reader, depth: number): Json {
  const table = newTable()
  for (gap(reader); !takes(reader, '}'); gap(reader)) {
    readPair(reader, table, depth + 1)
    gap(reader)
    if (!takes(reader, ',') && reader.text[reader.offset] !== '}') throw new SyntaxError('a table has no end')
  }
  return table
}

function readLong(reader: Reader): string | undefined {
  const basic = match(reader, LONG_BASIC)
  if (basic !== undefined)
    return decode(
      `"${basic
        .slice(3, -3)
        .replace(/^\n/, '')
        .replaceAll(/\\\n\s*/g, '')
        .replaceAll('\n', '\\n')
        .replaceAll(/(?<!\\)"/g, '\\"')}"`,
    )
  return match(reader, LONG_LITERAL)?.slice(3, -3).replace(/^\n/, '')
}

function readLine(reader: Reader): string | undefined {
  const basic = match(reader, BASIC)
  return basic === undefined ? match(reader, LITERAL)?.slice(1, -1) : decode(basic)
}

/** TOML's escapes are JSON's, and two more. */
function decode(literal: string): string {
  const json = literal
    .replaceAll(/\\U([0-9a-fA-F]{8})/g, (_all, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll('\\e', '\\u001b')
  try {
    return String(JSON.parse(json))
  } catch {
    throw new SyntaxError('a text has a bad escape')
  }
}

function gap(reader: Reader): void {
  match(reader, GAP)
}

function endOfLine(reader: Reader): void {
  match(reader, SPACE)
  const next = reader.text[reader.offset]
  if (next !== undefined && !'\r\n#'.includes(next)) throw new SyntaxError('something is left over')
}

function expect(reader: Reader, sign: string): void {
  match(reader, SPACE)
  if (!takes(reader, sign)) throw new SyntaxError(`"${sign}" is missing`)
}

function takes(reader: Reader, sign: string): boolean {
  if (!reader.text.startsWith(sign, reader.offset)) return false
  reader.offset += sign.length
  return true
}

function match(reader: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = reader.offset
  const found = pattern.exec(reader.text)?.[0]
  reader.offset += found?.length ?? 0
  return found
}
