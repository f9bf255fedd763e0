import { isJsonObject, type Json } from '../kernel/json.ts'
import { no, type Test } from './condition.ts'
import { parsePointer, stepInto } from './pointer.ts'

/** The named arguments as a tree; a node that is named covers all that is below it. */
interface Named {
  readonly children: Map<string, Named>
  whole: boolean
}

/** Holds when every member of the arguments is one of the pointers, below one, or on the way to one. */
export function closedTo(pointers: readonly string[]): Test<Json> {
  const root: Named = { children: new Map(), whole: false }
  for (const pointer of pointers) addTo(root, parsePointer(pointer))
  return (input) => {
    const stray = strayIn(input, root, '')
    return stray === undefined ? undefined : no(`${stray} is not an argument that the rule names and must be left out`)
  }
}

function addTo(root: Named, tokens: readonly string[]): void {
  let node = root
  for (const token of tokens) {
    const next = node.children.get(token) ?? { children: new Map(), whole: false }
    node.children.set(token, next)
    node = next
  }
  node.whole = true
}

/** The first member that is not named. Goes no deeper than the pointers do. */
function strayIn(value: Json, named: Named, at: string): string | undefined {
  if (named.whole) return undefined
  if (!isJsonObject(value) && !Array.isArray(value)) return at
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    const child = named.children.get(key)
    const stray = child ? strayIn(member as Json, child, stepInto(at, key)) : stepInto(at, printable(key))
    if (stray !== undefined) return stray
  }
  return undefined
}

/** The caller chose this name: it is shortened and stripped of what could fool a reader of the log. */
const printable = (key: string): string => key.slice(0, 64).replaceAll(/[^\x20-\x7e]/g, '?')
