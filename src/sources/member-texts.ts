import { isJsonObject, type Json } from '../kernel/json.ts'
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../kernel/json-codes.ts'
import { keepText } from '../kernel/json-text.ts'

/** Shorter values are written anew sooner than their text is found, characters. */
const WORTH_KEEPING = 2_048

/**
 * Remembers the texts of the long members of an answer's `result`, so that what nobody changes on its way is relayed as it
 * came. `text` is the JSON that `message` was parsed from.
 */
export function keepResultTexts(text: string, message: Json): void {
  const result = isJsonObject(message) ? message['result'] : undefined
  if (text.length < WORTH_KEEPING || !isJsonObject(result)) return
  for (const [name, [from, to]] of resultMembers(text) ?? NOTHING) {
    const value = result[name]
    if (value !== undefined && to - from >= WORTH_KEEPING) keepText(value, text.slice(from, to))
  }
}

/** Where a value begins, and where it has ended. */
type Range = readonly [from: number, to: number]

const NOTHING: ReadonlyMap<string, Range> = new Map()

/** Undefined where names are written with escapes: they may be any. The last of several with one name counts, as for `JSON.parse`. */
function resultMembers(text: string): ReadonlyMap<string, Range> | undefined {
  let members: Map<string, Range> | undefined = new Map()
  const isPlain = eachMember(text, text.indexOf('{'), (name, from) => {
    if (name !== 'result') return endOfValue(text, from)
    members = new Map()
    if (text.charCodeAt(from) !== OPEN_OBJECT) return endOfValue(text, from)
    return eachMember(text, from, (inner, begin) => {
      const end = endOfValue(text, begin)
      members?.set(inner, [begin, end])
      return end
    })
  })
  return isPlain === undefined ? undefined : members
}

/**
 * Calls `take` with the name of each member of the object at `start` and the place where its value begins; it gives the place
 * after the value. Gives the place after the object; undefined, as soon as `take` does or a name has an escape in it.
 */
function eachMember(
  text: string,
  start: number,
  take: (name: string, from: number) => number | undefined,
): number | undefined {
  let index = start + 1
  for (;;) {
    const code = text.charCodeAt(index)
    if (code === CLOSE_OBJECT) return index + 1
    if (code !== QUOTE) {
      index += 1 // white space, or the comma between two members
      continue
    }
    const end = endOfString(text, index)
    const name = text.slice(index + 1, end - 1)
    const after = name.includes('\\') ? undefined : take(name, afterColon(text, end))
    if (after === undefined) return undefined
    index = after
  }
}

function afterColon(text: string, start: number): number {
  let index = text.indexOf(':', start) + 1
  while (isSpace(text.charCodeAt(index))) index += 1
  return index
}

/** The place after the value that begins here. */
function endOfValue(text: string, start: number): number {
  const first = text.charCodeAt(start)
  if (first === QUOTE) return endOfString(text, start)
  return first === OPEN_OBJECT || first === OPEN_ARRAY ? endOfNested(text, start) : endOfScalar(text, start)
}

function endOfNested(text: string, start: number): number {
  let depth = 0
  for (let index = start; ; index += 1) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) index = endOfString(text, index) - 1
    else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1
    else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) depth -= 1
    if (depth === 0) return index + 1
  }
}

function endOfScalar(text: string, start: number): number {
  let index = start
  for (let code = text.charCodeAt(index); ; code = text.charCodeAt(index)) {
    if (code === COMMA || code === CLOSE_OBJECT || code === CLOSE_ARRAY || isSpace(code)) return index
    index += 1
  }
}

/** The place after the closing quote. A quote is escaped when an odd number of backslashes stands before it. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end - 1
    while (text.charCodeAt(before) === BACKSLASH) before -= 1
    if ((end - before) % 2 === 1) return end + 1
  }
}

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9
