import { isJsonObject, type Json } from '../kernel/json.ts'

/** Bytes of a value as JSON. */
export const sizeOf = (value: Json | undefined): number => Buffer.byteLength(JSON.stringify(value ?? null))

/**
 * The beginning of a value in at most so many bytes of JSON: elements, members and text that come last are left out.
 * Undefined where nothing of it fits.
 */
export function cutJson(value: Json, bytes: number): Json | undefined {
  if (sizeOf(value) <= bytes) return value
  if (typeof value === 'string') return cutText(value, bytes - 2) || undefined
  if (Array.isArray(value)) return cutArray(value, bytes - 2)
  return isJsonObject(value) ? cutObject(Object.entries(value), bytes - 2) : undefined
}

function cutArray(items: readonly Json[], bytes: number): Json | undefined {
  if (bytes < 0) return undefined
  const kept: Json[] = []
  let left = bytes
  for (const item of items) {
    const cut = cutJson(item, left)
    if (cut === undefined) break
    kept.push(cut)
    left -= sizeOf(cut) + 1
    if (cut !== item) break
  }
  return kept
}

function cutObject(members: readonly [string, Json | undefined][], bytes: number): Json | undefined {
  if (bytes < 0) return undefined
  const kept: [string, Json][] = []
  let left = bytes
  for (const [name, member] of members) {
    if (member === undefined) continue
    const room = left - sizeOf(name) - 1
    const cut = room > 0 ? cutJson(member, room) : undefined
    if (cut === undefined) break
    kept.push([name, cut])
    left = room - sizeOf(cut) - 1
    if (cut !== member) break
  }
  return Object.fromEntries(kept)
}

/** At most so many bytes once it is JSON, never ending inside a character. */
export function cutText(text: string, bytes: number): string {
  let low = 0
  let high = Math.max(0, Math.min(text.length, bytes))
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (sizeOf(text.slice(0, middle)) - 2 <= bytes) low = middle
    else high = middle - 1
  }
  const endsInPair = low > 0 && text.charCodeAt(low - 1) >= 0xd800 && text.charCodeAt(low - 1) <= 0xdbff
  return text.slice(0, endsInPair ? low - 1 : low)
}
