import type { Json } from '../kernel/json.ts'
import { BACKSLASH, CLOSE_ARRAY, CLOSE_OBJECT, COMMA, OPEN_ARRAY, OPEN_OBJECT, QUOTE } from '../kernel/json-codes.ts'

/** Deeper JSON than this is refused: what reads it later recurses, and hostile depth overflows the stack. */
export const MOST_DEPTH = 64
/** Own members of these names turn into prototypes when objects are copied carelessly. */
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype'])

/** The value, or what is wrong in words for the sender. `syntax`: the text is no JSON at all. */
export type StrictJson =
  | { readonly ok: true; readonly value: Json }
  | { readonly ok: false; readonly reason: 'syntax' | 'refused'; readonly problem: string }

/**
 * Parses JSON from strangers: nested at most 64 deep, no duplicate keys (RFC 8259 §4 leaves their meaning open, so two
 * readers may see two requests), no `__proto__`, `constructor` or `prototype` keys. Linear in the length of the text.
 */
export function parseStrict(text: string): StrictJson {
  const problem = scan(text)
  if (problem !== undefined) return { ok: false, reason: 'refused', problem }
  try {
    return { ok: true, value: JSON.parse(text) as Json }
  } catch {
    return { ok: false, reason: 'syntax', problem: 'The text is not valid JSON.' }
  }
}

/** The keys that an open object has so far; an open array has none. */
type Open = Keys | undefined

/** Judges valid JSON exactly. Text that is no JSON gets any verdict: `JSON.parse` refuses it afterwards. */
function scan(text: string): string | undefined {
  const stack: Open[] = []
  let keys: Open
  let expectsKey = false
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) {
      const end = endOfString(text, index)
      const problem = keys && expectsKey ? addKey(keys, keyIn(text, index, end), index) : undefined
      if (problem !== undefined) return problem
      expectsKey = false
      index = end
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      if (stack.length === MOST_DEPTH)
        return `The JSON is nested deeper than ${MOST_DEPTH} levels (at character ${index}).`
      stack.push(keys)
      keys = code === OPEN_OBJECT ? { few: [], many: undefined } : undefined
      expectsKey = code === OPEN_OBJECT
    } else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
      keys = stack.pop()
      expectsKey = false
    } else if (code === COMMA) {
      expectsKey = keys !== undefined
    }
  }
  return undefined
}

/** The index of the closing quote, or of the end of the text. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) return index
    if (code === BACKSLASH) index++
  }
  return text.length
}

function keyIn(text: string, start: number, end: number): string {
  const key = text.slice(start + 1, end)
  return key.includes('\\') ? unescape(text.slice(start, end + 1), key) : key
}

/** A list is quicker than a set for the few keys of most objects. */
interface Keys {
  readonly few: string[]
  many: Set<string> | undefined
}

const FEW = 8

function addKey(keys: Keys, key: string, index: number): string | undefined {
  if (POLLUTING.has(key)) return `The key "${key}" is not allowed (at character ${index}).`
  if (keys.many ? keys.many.has(key) : keys.few.includes(key))
    return `The key ${JSON.stringify(key.slice(0, 100))} stands twice in one object (at character ${index}).`
  if (keys.many) keys.many.add(key)
  else if (keys.few.push(key) > FEW) keys.many = new Set(keys.few)
  return undefined
}

function unescape(literal: string, otherwise: string): string {
  try {
    return JSON.parse(literal) as string
  } catch {
    return otherwise
  }
}
