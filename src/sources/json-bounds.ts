import type { JsonObject } from '../kernel/json.ts'

export interface Bounds {
  /** Of the value as JSON text. */
  readonly bytes: number
  /** Objects and arrays inside one another. */
  readonly depth: number
}

/**
 * True when nothing is nested deeper than `depth`, and recurses no deeper than that: `JSON.parse` takes a hundred thousand
 * levels, but `JSON.stringify`, validators and clones that come later all overflow the stack. `value` came as JSON.
 */
export function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  if (Array.isArray(value)) return value.every((child) => isShallow(child, depth - 1))
  for (const key in value) if (!isShallow((value as JsonObject)[key], depth - 1)) return false
  return true
}

/** True when a value that came as JSON is within the bounds. */
export const isSmall = (value: unknown, bounds: Bounds): boolean =>
  isShallow(value, bounds.depth) && Buffer.byteLength(JSON.stringify(value) ?? '') <= bounds.bytes

/** True when some object has a key `__proto__`, which becomes a prototype when it is copied carelessly. */
export function hasForbiddenKey(value: unknown): boolean {
  const open: unknown[] = [value]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (typeof node !== 'object' || node === null) continue
    if (Object.hasOwn(node, '__proto__')) return true
    for (const child of Object.values(node)) if (typeof child === 'object' && child !== null) open.push(child)
  }
  return false
}
