import { isJsonObject, type Json, type JsonObject } from '../../kernel/json.ts'

/** Keywords that give a part of a schema a name or a base of its own; pointers into such a schema are left alone. */
const NAMING = ['$id', '$anchor', '$dynamicAnchor', '$dynamicRef', '$recursiveAnchor', '$recursiveRef']
const SIMPLE = /^#\/(\$defs|definitions)\/([^/~%]+)$/

/**
 * The definitions that have exactly one reference, by that reference; none at all when the schema refers to anything but
 * whole definitions of its root. A definition of a cycle that can be entered has two references, so none is here.
 */
export function inlinable(schema: JsonObject): ReadonlyMap<string, JsonObject> {
  const counts = new Map<string, number>()
  let isSimple = true
  visitMembers(schema, (key, value) => {
    if (NAMING.includes(key)) isSimple = false
    if (key !== '$ref' || typeof value !== 'string' || !value.startsWith('#')) return
    if (!SIMPLE.test(value)) isSimple = false
    counts.set(value, (counts.get(value) ?? 0) + 1)
  })
  if (!isSimple) return new Map()
  return new Map(
    [...counts].flatMap(([reference, count]) => {
      const definition = count === 1 ? definitionAt(schema, reference) : undefined
      return isJsonObject(definition) ? [[reference, definition] as const] : []
    }),
  )
}

function definitionAt(schema: JsonObject, reference: string): Json | undefined {
  const [, group = '', name = ''] = SIMPLE.exec(reference) ?? []
  const definitions = schema[group]
  return isJsonObject(definitions) && Object.hasOwn(definitions, name) ? definitions[name] : undefined
}

/** Every member of every object inside, wherever it stands. Not recursive: a schema may be deeper than a stack. */
function visitMembers(value: Json, visit: (key: string, value: Json | undefined) => void): void {
  const waiting: (Json | undefined)[] = [value]
  while (waiting.length > 0) {
    const next = waiting.pop()
    if (Array.isArray(next)) for (const item of next as readonly Json[]) waiting.push(item)
    if (!isJsonObject(next)) continue
    for (const [key, member] of Object.entries(next)) {
      visit(key, member)
      waiting.push(member)
    }
  }
}
