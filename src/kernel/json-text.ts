import type { Json, JsonObject } from './json.ts'

/** Values are never changed in place here, so that an object's text stays true as long as it is the same object. */
const texts = new WeakMap<object, string>()

/** Remembers the text that a value was read from. The text must be that very value's. */
export function keepText(value: Json, text: string): void {
  if (typeof value === 'object' && value !== null) texts.set(value, text)
}

/** From now on its members are written anew: for who has judged or measured them as values, where a text may say more. */
export function forgetTexts(object: JsonObject): void {
  for (const member of Object.values(object)) if (typeof member === 'object' && member !== null) texts.delete(member)
}

const keptText = (value: Json | undefined): string | undefined =>
  typeof value === 'object' && value !== null ? texts.get(value) : undefined

/**
 * An object as JSON. Members whose text is remembered get that text, byte for byte, and are not written anew: spaces and line
 * breaks are as they came.
 */
export function toJsonText(object: JsonObject): string {
  const names = Object.keys(object)
  if (!names.some((name) => keptText(object[name]) !== undefined)) return JSON.stringify(object)
  const members: string[] = []
  for (const name of names) {
    const member = object[name]
    if (member === undefined) continue
    members.push(`${JSON.stringify(name)}:${keptText(member) ?? JSON.stringify(member)}`)
  }
  return `{${members.join(',')}}`
}
