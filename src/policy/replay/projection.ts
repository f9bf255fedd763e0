import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'
import { parsePointer } from '../pointer.ts'

/**
 * What the audit log keeps of a call's arguments, so that another policy can be asked about the call later. Names are
 * kept and values are not, but for those that rules refer to. One of: `value`, all of it; `members`, what there is inside
 * and nothing else; `leaf`, something that has no members; or empty, when it was there and nothing of it was recorded.
 */
export interface Projection extends JsonObject {
  readonly value?: Json
  readonly members?: Readonly<Record<string, Projection>>
  readonly leaf?: true
}

/** A value whose JSON is longer is not recorded: rules about it are then not asked again. */
const MAX_VALUE = 8_192
/** Of something with more members, or with longer names, nothing is recorded. */
const MAX_MEMBERS = 200
const MAX_NAME = 128

const NOTHING: Projection = {}
const LEAF: Projection = { leaf: true }

/** Takes out of a call's arguments what rules refer to; `projectionPaths` knows the pointers. */
export const project = (input: JsonObject, pointers: readonly string[]): Projection =>
  take(input, pointers.map(parsePointer))

function take(value: Json, wanted: readonly (readonly string[])[]): Projection {
  if (wanted.some((tokens) => tokens.length === 0))
    return JSON.stringify(value).length <= MAX_VALUE ? { value } : NOTHING
  if (!isJsonObject(value) && !Array.isArray(value)) return LEAF
  const entries = Object.entries(value as JsonObject).filter(([, member]) => member !== undefined)
  if (entries.length > MAX_MEMBERS || entries.some(([name]) => name.length > MAX_NAME)) return NOTHING
  return {
    members: Object.fromEntries(
      entries.map(([name, member = null]) => {
        const inside = wanted.filter(([first]) => first === name).map((tokens) => tokens.slice(1))
        return [name, inside.length === 0 ? NOTHING : take(member, inside)]
      }),
    ),
  }
}

/** The arguments as far as they are known; where nothing is recorded stands null. Lists of which only parts are known are objects. */
export function restore({ value, members }: Projection): Json {
  if (value !== undefined) return value
  if (!members) return null
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, restore(member)]))
}

/** Whether the recorded part tells what is at a pointer, be it that nothing is there. */
export function isRecorded({ value, members, leaf }: Projection, [token, ...rest]: readonly string[]): boolean {
  if (value !== undefined) return true
  if (token === undefined) return false
  if (!members) return leaf === true
  const member = Object.hasOwn(members, token) ? members[token] : undefined
  return member === undefined || isRecorded(member, rest)
}

/** Whether the names of everything at the top are known. */
export const isOpen = ({ value, members }: Projection): boolean => value !== undefined || members !== undefined
