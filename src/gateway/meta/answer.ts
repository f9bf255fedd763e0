import { estimateTokens } from '../../catalog/search/estimate-tokens.ts'
import { signature, signatureLine } from '../../catalog/search/signature.ts'
import { slimSchema } from '../../catalog/search/slim-schema.ts'
import type { Tool } from '../../kernel/tool.ts'
import { slimDefinition } from '../advertised.ts'

export type Detail = 'names' | 'signatures' | 'schemas'

export interface Answer {
  readonly tools: readonly Tool[]
  readonly detail: Detail
  /** The first one is what was meant, so that its schema saves a call of `describe_tools`. */
  readonly schemaOfFirst: boolean
  /** Where the next page begins; undefined when this is the last. */
  readonly next: number | undefined
  readonly hint?: string
}

/** An answer costs no more than this, whatever servers write into their definitions. */
const MOST_TOKENS = 1_200
/** A longer schema is worth a call of its own. */
const MOST_SCHEMA_TOKENS = 300

/** One line a tool. Text only: sending the same as structured content would double what the model reads. */
export function toAnswer({ tools, detail, schemaOfFirst, next, hint }: Answer): string {
  const tail = next === undefined ? [] : [`More: cursor "${next}".`]
  const [first] = tools
  const schema = first && schemaOfFirst && detail === 'signatures' ? schemaLines(first) : []
  const around = [...schema, ...tail]
  const full = [...(hint === undefined ? [] : [hint]), ...tools.map((tool) => toLine(tool, detail)), ...around]
  if (fits(full)) return full.join('\n')
  const head = hint === undefined ? [] : [hint]
  return shortened(head, tools.map(shortLine), tail).join('\n')
}

function toLine(tool: Tool, detail: Detail): string {
  if (detail === 'names') return tool.id
  if (detail === 'signatures') return signatureLine(signature(tool))
  const { description, inputSchema } = slimDefinition(tool.definition)
  return JSON.stringify({ tool: tool.id, description, inputSchema })
}

const shortLine = (tool: Tool): string => signature(tool).call

function schemaLines(tool: Tool): readonly string[] {
  const line = `Schema of ${tool.id}: ${JSON.stringify(slimSchema(tool.definition.inputSchema))}`
  return estimateTokens(line) <= MOST_SCHEMA_TOKENS ? [line] : []
}

const fits = (lines: readonly string[]): boolean => estimateTokens(lines.join('\n')) <= MOST_TOKENS

/** Without descriptions, then without the end: what is cut is said. */
function shortened(head: readonly string[], lines: readonly string[], tail: readonly string[]): readonly string[] {
  for (let count = lines.length; count > 0; count--) {
    const cut = count < lines.length ? [`${lines.length - count} more are left out: ask for fewer.`] : []
    const shown = [...head, ...lines.slice(0, count), ...cut, ...tail]
    if (fits(shown)) return shown
  }
  return [...head, 'The definitions of these tools are too long to be shown. Ask for names.', ...tail]
}
