import type { Tool } from '../../kernel/tool.ts'

/**
 * Whether a query spells the tool's name: its canonical id, its portable name, its bare action, or connection and action
 * with any of the separators that models use. Undefined when the query cannot be a name, so that nobody need be asked.
 */
export function exactName(query: string): ((tool: Tool) => boolean) | undefined {
  const words = query.trim().slice(0, MAX_TEXT).split(/\s+/)
  const names = words
    .filter((word) => words.length === 1 || isIdentifier(word))
    .map(toName)
    .filter((name) => name !== '')
    .slice(0, MAX_NAMES)
  return names.length === 0 ? undefined : (tool) => names.some((name) => isNamed(tool, name))
}

const MAX_TEXT = 500
/** Each is compared with all tools. */
const MAX_NAMES = 4
const SEPARATORS = [':', '.', '/', '__']

/** Plain words of a sentence name no tool, though a tool may be called `search`. */
const isIdentifier = (word: string): boolean => /[\p{L}\p{N}][_:./-]+[\p{L}\p{N}]|\p{Ll}\p{Lu}/u.test(word)

/** Without the quotes and stops that a sentence puts around a word. */
const toName = (word: string): string => word.toLowerCase().replaceAll(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '')

function isNamed({ id, wireName, name, connection }: Tool, wanted: string): boolean {
  if (wanted === id || wanted === wireName) return true
  if (wanted.length === name.length && wanted === name.toLowerCase()) return true
  const action = id.slice(id.lastIndexOf(':') + 1)
  if (!wanted.endsWith(action)) return false
  return wanted === action || SEPARATORS.some((separator) => wanted === `${connection}${separator}${action}`)
}
