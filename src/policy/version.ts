import { isJsonObject } from '../kernel/json.ts'

/** One text for one document: members sorted, no white space. Callers with a cryptographic hash may hash it themselves. */
export function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join(',')}]`
  if (!isJsonObject(value)) return JSON.stringify(value ?? null)
  const members = Object.keys(value)
    .filter((key) => value[key] !== undefined)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${textOf(value[key])}`)
  return `{${members.join(',')}}`
}

/** Tells versions apart, in 16 hexadecimal digits (two lanes of FNV-1a). Not for security: anybody can make a collision. */
export const versionOf = (text: string): string => lane(text, 0x811c9dc5) + lane(text, 0x01000193)

function lane(text: string, seed: number): string {
  let hash = seed
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 0).toString(16).padStart(8, '0')
}
