import type { Json } from '../kernel/json.ts'
import { childPointer } from './pointer.ts'

/** Deeper nesting is refused; no configuration comes near. */
const MAX_DEPTH = 64
const SPACE = /[ \t\r\n]*/y
/** Everything up to the closing quote; control characters and bad escapes are found when the text is decoded. */
const STRING = /"(?:[^"\\\n]|\\.)*"/y
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const WORD = /[A-Za-z_]+/y
const WORDS = new Map<string, Json>([
  ['true', true],
  ['false', false],
  ['null', null],
])

/** A second key of the same name, or a key that no object may have. */
export interface KeyProblem {
  readonly pointer: string
  readonly offset: number
  readonly detail: string
}

/** JSON with the places of its values and keys by JSON Pointer, as offsets in UTF-16 units. */
export interface JsonText {
  readonly value: Json
  readonly values: ReadonlyMap<string, number>
  readonly keys: ReadonlyMap<string, number>
  readonly problems: readonly KeyProblem[]
}

/** Called with an offset and what is wrong there; never returns. */
export type Fail = (offset: number, detail: string) => never

interface Reader {
  readonly text: string
  readonly fail: Fail
  readonly values: Map<string, number>
  readonly keys: Map<string, number>
  readonly problems: KeyProblem[]
  offset: number
}

/** Parses RFC 8259 JSON and nothing more, but for a byte order mark. Keys must be unique, unlike with `JSON.parse`. */
export function parseJsonText(text: string, fail: Fail): JsonText {
  const offset = text.startsWith('\uFEFF') ? 1 : 0
  const reader: Reader = { text, fail, offset, values: new Map(), keys: new Map(), problems: [] }
  const value = readValue(reader, '', 0)
  skipSpace(reader)
  if (reader.offset < text.length) unexpected(reader, 'the end of the file')
  return { value, values: reader.values, keys: reader.keys, problems: reader.problems }
}

function readValue(reader: Reader, pointer: string, depth: number): Json {
  skipSpace(reader)
  if (depth > MAX_DEPTH) reader.fail(reader.offset, `nested deeper than ${MAX_DEPTH} levels`)
  reader.values.set(pointer, reader.offset)
  const first = reader.text[reader.offset]
  if (first === '{') return readObject(reader, pointer, depth)
  if (first === '[') return readArray(reader, pointer, depth)
  if (first === '"') return readString(reader)
  return readScalar(reader)
}

function readObject(reader: Reader, pointer: string, depth: number): Json {
  const object: Record<string, Json> = {}
  reader.offset += 1
  if (takes(reader, '}')) return object
  do {
    const key = readKey(reader, pointer, object)
    if (!takes(reader, ':')) unexpected(reader, '":" after the key')
    const value = readValue(reader, childPointer(pointer, key), depth + 1)
    if (key !== '__proto__') object[key] = value
  } while (takes(reader, ','))
  if (!takes(reader, '}')) unexpected(reader, '"," or "}"')
  return object
}

function readKey(reader: Reader, parent: string, object: Readonly<Record<string, Json>>): string {
  skipSpace(reader)
  const offset = reader.offset
  if (reader.text[offset] === '}') reader.fail(offset, 'there is a comma before this "}": remove it')
  if (reader.text[offset] !== '"') unexpected(reader, 'a key in double quotes')
  const key = readString(reader)
  const pointer = childPointer(parent, key)
  const problem = (detail: string): unknown => reader.problems.push({ pointer, offset, detail })
  if (Object.hasOwn(object, key)) problem(`there is another "${key}" before: keys must be unique`)
  if (key === '__proto__') problem('"__proto__" cannot be a key')
  if (!Object.hasOwn(object, key)) reader.keys.set(pointer, offset)
  return key
}

function readArray(reader: Reader, pointer: string, depth: number): Json {
  const array: Json[] = []
  reader.offset += 1
  if (takes(reader, ']')) return array
  do {
    skipSpace(reader)
    if (reader.text[reader.offset] === ']') reader.fail(reader.offset, 'there is a comma before this "]": remove it')
    array.push(readValue(reader, childPointer(pointer, array.length), depth + 1))
  } while (takes(reader, ','))
  if (!takes(reader, ']')) unexpected(reader, '"," or "]"')
  return array
}

function readString(reader: Reader): string {
  const literal = match(reader, STRING)
  if (literal === undefined) return reader.fail(reader.offset, 'the text has no closing double quote on this line')
  const decoded = decode(literal)
  if (decoded === undefined) {
    return reader.fail(
      reader.offset,
      'the text has a control character or a bad escape; write \\n, \\t or \\u0000 forms',
    )
  }
  reader.offset += literal.length
  return decoded
}

function decode(literal: string): string | undefined {
  try {
    return String(JSON.parse(literal))
  } catch {
    return undefined
  }
}

function readScalar(reader: Reader): Json {
  const word = match(reader, WORD)
  const known = word === undefined ? undefined : WORDS.get(word)
  if (word !== undefined && known !== undefined) {
    reader.offset += word.length
    return known
  }
  const number = match(reader, NUMBER)
  if (number === undefined) return unexpected(reader, 'a value')
  reader.offset += number.length
  return Number(number)
}

function skipSpace(reader: Reader): void {
  reader.offset += match(reader, SPACE)?.length ?? 0
}

function takes(reader: Reader, sign: string): boolean {
  skipSpace(reader)
  if (reader.text[reader.offset] !== sign) return false
  reader.offset += 1
  return true
}

/** Matches at the current offset. The patterns are shared, so that `lastIndex` is set before each use. */
function match({ text, offset }: Reader, pattern: RegExp): string | undefined {
  pattern.lastIndex = offset
  return pattern.exec(text)?.[0]
}

function unexpected({ text, offset, fail }: Reader, expected: string): never {
  const found = text[offset]
  if (found === undefined) return fail(offset, `the file ends here, where ${expected} is expected`)
  if (found === '/' || found === '#') return fail(offset, 'comments are not allowed in JSON: remove it')
  if (found === "'") return fail(offset, "texts stand in double quotes, not in '")
  return fail(offset, `expected ${expected}, found ${JSON.stringify(found)}`)
}
