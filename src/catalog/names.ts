import { createHash } from 'node:crypto'
import type { ToolId } from '../kernel/tool.ts'

/** The longest portable name: clients put their own prefix before it and cut or refuse beyond 60 to 64 characters. */
export const MAX_WIRE_NAME = 48

const SLUG = /^[a-z0-9][a-z0-9_-]*$/
const HASH_DIGITS = 6

/** `conn:<connection>:<action>`: the canonical id that policy, audit, API, console and CLI speak. */
export const toToolId = (connection: string, action: string): ToolId => `conn:${connection}:${action}` as ToolId

/**
 * The action part for a source's own name. A name that is a slug already stays as it is; anything else is lowered and
 * every run of other characters becomes `_`. Different names can meet: `buildCatalog` tells them apart with `hashed`.
 */
export function toAction(name: string): string {
  if (SLUG.test(name)) return name
  const slug = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '_')
    .replace(/^[_-]+/, '')
  return slug === '' ? hashed('tool', name) : slug
}

/**
 * The portable MCP name of a canonical id: only `[A-Za-z0-9_]`, at most 48 characters. It is looked up, never split,
 * so that it need not be reversible.
 */
export function toWireName(id: ToolId): string {
  const name = id.split(':').map(flatten).join('__')
  return name.length > MAX_WIRE_NAME ? hashed(name, id) : name
}

/** A name made different by six hexadecimal digits of the SHA-256 of what it stands for, within the length limit. */
export function hashed(name: string, of: string): string {
  const digits = createHash('sha256').update(of).digest('hex').slice(0, HASH_DIGITS)
  return `${name.slice(0, MAX_WIRE_NAME - HASH_DIGITS - 1).replace(/_+$/, '')}_${digits}`
}

/** Connections whose tools would be advertised under the same prefix (`a-b` and `a_b`), to be refused when configured. */
export function collidingConnections(slugs: readonly string[]): readonly (readonly [string, string])[] {
  const seen = new Map<string, string>()
  const colliding: (readonly [string, string])[] = []
  for (const slug of slugs) {
    const first = seen.get(flatten(slug))
    if (first === undefined) seen.set(flatten(slug), slug)
    else colliding.push([first, slug])
  }
  return colliding
}

const flatten = (part: string): string => part.replaceAll(/[^A-Za-z0-9]+/g, '_')
