import { isUtf8 } from 'node:buffer'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'

/** What takes words out of texts. */
export interface Scrubber {
  text(words: string): string
  /** Only what an admin's own patterns say: they may speak of several members of JSON at once. */
  across(words: string): string
  /** The mark for members whose name alone says that the value goes; undefined for all others. */
  named(name: string): string | undefined
}

/** Where bytes may stand: nowhere, or where MCP has them (`data` of images and sounds, `blob` of resources). */
export type Opaque = 'nothing' | 'bytes'

/** Words of the protocol, by the members in which they stand. */
const PROTOCOL: Readonly<Record<string, ReadonlySet<string>>> = {
  type: new Set(
    'text image audio resource resource_link tool_use tool_result string number integer boolean object array null'.split(
      ' ',
    ),
  ),
  role: new Set(['user', 'assistant']),
  resultType: new Set(['complete', 'input_required']),
  method: new Set(['elicitation/create', 'sampling/createMessage', 'roots/list']),
}

/** Scrubs every text, name and number of a value. What has nothing to scrub comes back as it is, the same object. */
export function scrubbed(value: Json, scrubber: Scrubber, opaque: Opaque): Json {
  if (typeof value === 'string') return scrubber.text(value)
  if (typeof value === 'number') return scrubbedNumber(value, scrubber)
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => scrubbed(item, scrubber, opaque))
    return items.every((item, index) => item === value[index]) ? value : items
  }
  return isJsonObject(value) ? scrubbedObject(value, scrubber, opaque) : value
}

function scrubbedNumber(value: number, { text }: Scrubber): Json {
  const words = String(value)
  const left = text(words)
  return left === words ? value : left
}

function scrubbedObject(value: JsonObject, scrubber: Scrubber, opaque: Opaque): JsonObject {
  const names = new Set<string>()
  let changed = false
  const members = Object.entries(value).flatMap(([key, member]): readonly [string, Json][] => {
    if (member === undefined) return ((changed = true), [])
    const name = freshName(names, scrubber.text(key))
    names.add(name)
    const left = scrubbedMember({ value, key, member }, scrubber, opaque)
    if (left !== member || name !== key) changed = true
    return [[name, left]]
  })
  return changed ? Object.fromEntries(members) : value
}

interface Member {
  readonly value: JsonObject
  readonly key: string
  readonly member: Json
}

function scrubbedMember({ value, key, member }: Member, scrubber: Scrubber, opaque: Opaque): Json {
  if (typeof member !== 'string') return scrubbed(member, scrubber, opaque)
  if (Object.hasOwn(PROTOCOL, key) && PROTOCOL[key]?.has(member)) return member
  const mark = member === '' ? undefined : scrubber.named(key)
  if (mark !== undefined) return mark
  if (opaque === 'bytes') {
    if (isBytes(value, key)) return scrubbedBytes(member, scrubber)
    if (key === 'uri') return scrubbedUri(member, scrubber)
    if (key === 'text') return scrubbedText(member, scrubber)
  }
  return scrubber.text(member)
}

const isBytes = ({ type, uri }: JsonObject, key: string): boolean =>
  (key === 'data' && (type === 'image' || type === 'audio')) || (key === 'blob' && typeof uri === 'string')

/** `encodeURI` throws at them. */
const LONE_SURROGATE = /\p{Surrogate}/gu
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Base64 (RFC 4648 §4) of text is text; of anything else it is left alone. */
function scrubbedBytes(base64: string, { text }: Scrubber): string {
  if (base64.length % 4 !== 0 || !BASE64.test(base64)) return text(base64)
  const bytes = Buffer.from(base64, 'base64')
  if (!isUtf8(bytes)) return base64
  const words = bytes.toString('utf8')
  const left = text(words)
  return left === words ? base64 : Buffer.from(left).toString('base64')
}

/** A URI stays one: clients refuse whole results for one that is none. */
function scrubbedUri(uri: string, { text }: Scrubber): string {
  const words = decoded(uri)
  if (text(uri) === uri && text(words) === words) return uri
  return encodeURI(text(text(words).replaceAll(LONE_SURROGATE, '\ufffd')))
}

function decoded(uri: string): string {
  try {
    return decodeURIComponent(uri)
  } catch {
    return uri
  }
}

/** JSON in a text stays JSON, and is looked at as what it says, whatever its escapes. */
function scrubbedText(words: string, scrubber: Scrubber): string {
  const parsed = parseContainer(words)
  if (parsed === undefined) return scrubber.text(words)
  const left = scrubbed(parsed, scrubber, 'nothing')
  const text = scrubber.across(left === parsed ? words : toText(left, words))
  return TOO_LONG.test(text) ? scrubber.text(text) : text
}

/** Numbers that JavaScript cannot hold: what they are stands in the text alone. */
const TOO_LONG = /\d{16}/

/** JSON again, on as many lines as before: one or several. */
export const toText = (value: Json, before: string): string =>
  JSON.stringify(value, undefined, /[\r\n]/.test(before.trim()) ? 2 : undefined)

/** The array or object that a text is as JSON; undefined for any other text. */
export function parseContainer(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

/** Two names that become the same by redaction stay two members. */
function freshName(taken: ReadonlySet<string>, key: string): string {
  let name = key
  for (let count = 2; taken.has(name); count++) name = `${key} ${count}`
  return name
}
