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
export function project(input: JsonObject, pointers: readonly string[]): Projection {
  return pointers.length === 0 ? take(input, NOBODY) : take(input, pointers.map(parsePointer))
}

/** What is wanted inside of a value. */
type Wanted = readonly (readonly string[])[]

const NOBODY: Wanted = []

/** Written out, for it looks at the arguments of every call. */
function take(value: Json, wanted: Wanted): Projection {
  if (wanted.some((tokens) => tokens.length === 0))
    return JSON.stringify(value).length <= MAX_VALUE ? { value } : NOTHING
  if (!isJsonObject(value) && !Array.isArray(value)) return LEAF
  const members: Record<string, Projection> = {}
  let count = 0
  for (const name of Object.keys(value)) {
    const member = (value as JsonObject)[name]
    if (member === undefined) continue
    count += 1
    // Set as a member, `__proto__` would be the prototype.
    if (count > MAX_MEMBERS || name.length > MAX_NAME || name === '__proto__') return NOTHING
    const inside = wanted.length === 0 ? NOBODY : insideOf(wanted, name)
    members[name] = inside.length === 0 ? NOTHING : take(member, inside)
  }
  return { members }
}

const insideOf = (wanted: Wanted, name: string): Wanted =>
  wanted.filter(([first]) => first === name).map((tokens) => tokens.slice(1))

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
