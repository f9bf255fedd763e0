import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { SourceTool, ToolDefinition } from '../kernel/tool.ts'
import { hasForbiddenKey, isShallow } from './json-bounds.ts'
import { type ParamHeaders, paramHeaders } from './mcp-param-headers.ts'
import { traitsOf } from './mcp-traits.ts'
import { walkPages, type PageReader } from './pages.ts'
import { printable } from './stderr-tail.ts'

export interface ToolListing {
  readonly tools: readonly SourceTool[]
  readonly byName: ReadonlyMap<string, SourceTool>
  /** The arguments of a tool that travel in headers too. */
  readonly mirrored: (tool: SourceTool) => ParamHeaders
  /** What was left out, and why, for an admin. */
  readonly problems: readonly string[]
}

export interface ListOptions {
  readonly trustAnnotations: boolean
  /** Whether arguments travel in headers too (modern Streamable HTTP): then invalid declarations drop a tool. */
  readonly mirrorsHeaders: boolean
  /** Words for search, by tool name. */
  readonly words?: ReadonlyMap<string, readonly string[]>
}

const MAX_TOOLS = 10_000
const MAX_LIST_BYTES = 32 * 1024 * 1024
const MAX_SCHEMA_BYTES = 256 * 1024
const MAX_DEFINITION_BYTES = 640 * 1024
const MAX_DEPTH = 32
const NAME = /^[^\p{Cc}]{1,128}$/u

/**
 * Every tool of a server, its definitions untouched. A definition that cannot be offered safely is left out and named in
 * `problems`; nothing is left out silently. Rejects with `upstream_invalid` when a page is not a list of tools.
 */
export async function listTools(readPage: PageReader, options: ListOptions): Promise<ToolListing> {
  const intake = newIntake(options)
  await walkPages(readPage, {
    method: 'tools/list',
    member: 'tools',
    take: (tool) => intake.take(tool),
    problem: (text) => intake.problem(text),
  })
  return intake.listing()
}

interface Intake {
  /** False when the list is full. */
  take(tool: unknown): boolean
  problem(text: string): void
  listing(): ToolListing
}

function newIntake({ trustAnnotations, mirrorsHeaders, words }: ListOptions): Intake {
  const tools = new Map<string, SourceTool>()
  const problems: string[] = []
  let bytes = 0
  let seen = 0
  return {
    take(tool) {
      seen += 1
      const name = nameOf(tool, seen)
      const fault = faultOf(tool, tools, mirrorsHeaders)
      if (fault !== undefined || !isDefinition(tool)) {
        problems.push(`${name} is not offered: ${fault ?? 'it is not a tool definition'}`)
        return true
      }
      bytes += sizeOf(tool)
      if (tools.size === MAX_TOOLS || bytes > MAX_LIST_BYTES) {
        problems.push(`only the first ${tools.size} tools are offered: the list is larger than the gateway takes`)
        return false
      }
      const keywords = words?.get(tool.name)
      tools.set(tool.name, {
        definition: tool,
        traits: traitsOf(tool, trustAnnotations),
        ...(keywords && { keywords }),
      })
      return true
    },
    problem: (text) => void problems.push(text),
    listing: () => ({ tools: [...tools.values()], byName: tools, mirrored: mirrored(), problems }),
  }
}

/** A schema is gone through once, when its tool is first called. */
export function mirrored(): ToolListing['mirrored'] {
  const known = new WeakMap<SourceTool, ParamHeaders>()
  return (tool) => {
    const headers = known.get(tool) ?? paramHeaders(tool.definition.inputSchema)
    known.set(tool, headers)
    return headers
  }
}

const nameOf = (tool: unknown, position: number): string =>
  isJsonObject(tool) && typeof tool['name'] === 'string' && tool['name'] !== ''
    ? `"${printable(tool['name']).slice(0, 64)}"`
    : `tool ${position}`

/** What stands against offering a definition; undefined when nothing does. */
function faultOf(tool: unknown, taken: ReadonlyMap<string, unknown>, mirrorsHeaders: boolean): string | undefined {
  if (!isJsonObject(tool) || typeof tool['name'] !== 'string') return 'it has no name'
  if (!NAME.test(tool['name'])) return 'its name is empty, longer than 128 characters or has control characters'
  if (taken.has(tool['name'])) return 'its name is taken by an earlier tool'
  if (!isJsonObject(tool['inputSchema'])) return 'it has no inputSchema'
  // The definition itself is one level, its schemas are the next.
  if (!isShallow(tool, MAX_DEPTH + 1)) return `its definition is nested deeper than ${MAX_DEPTH}`
  if (hasForbiddenKey(tool)) return 'its definition has a key "__proto__"'
  return sizeFault(tool) ?? (mirrorsHeaders ? headerFault(tool['inputSchema']) : undefined)
}

/** A small definition has no large part: most are written down once to be measured. */
function sizeFault(tool: JsonObject): string | undefined {
  const bytes = sizeOf(tool)
  if (bytes <= MAX_SCHEMA_BYTES) return undefined
  const large = ['inputSchema', 'outputSchema'].find((member) => sizeOf(tool[member]) > MAX_SCHEMA_BYTES)
  if (large !== undefined) return `its ${large} is larger than ${MAX_SCHEMA_BYTES} bytes`
  return bytes > MAX_DEFINITION_BYTES ? `its definition is larger than ${MAX_DEFINITION_BYTES} bytes` : undefined
}

function headerFault(inputSchema: JsonObject): string | undefined {
  const headers = paramHeaders(inputSchema)
  return 'fault' in headers ? headers.fault : undefined
}

const sizeOf = (value: unknown): number => (value === undefined ? 0 : Buffer.byteLength(JSON.stringify(value)))

const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean => value === undefined || is(value)
const isText = (value: unknown): boolean => typeof value === 'string'

const isDefinition = (tool: unknown): tool is ToolDefinition =>
  isJsonObject(tool) &&
  isText(tool['name']) &&
  isOptional(tool['title'], isText) &&
  isOptional(tool['description'], isText) &&
  isJsonObject(tool['inputSchema']) &&
  isOptional(tool['outputSchema'], isJsonObject) &&
  isOptional(tool['annotations'], isJsonObject)
