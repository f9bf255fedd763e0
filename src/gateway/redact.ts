import { RE2JS } from 're2js'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Redaction } from '../kernel/policy.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { PRESETS } from './redact-presets.ts'

type Scrub = (text: string) => string

/** Members of content blocks that hold no words: base64 data and machine names. */
const OPAQUE = new Set(['data', 'blob', 'type', 'mimeType'])
/** Values shorter than this are not searched for elsewhere: they would match everywhere. */
const SHORTEST_ECHO = 4

/** Takes out what the redactions name, wherever it stands in the result. The input is not changed. */
export function redactResult(result: ToolResult, redactions: readonly Redaction[]): ToolResult {
  const pointers = redactions.flatMap((redaction) => ('pointer' in redaction ? [redaction] : []))
  const { value, removed } = removeAt(result, pointers)
  const echoes = removed.map(
    ({ text, mark }): Scrub =>
      (words) =>
        words.replaceAll(text, mark),
  )
  return walk(value, inTurn([...redactions.flatMap(toScrub), ...echoes])) as ToolResult
}

/** The same for any other answer. Pointers speak of structured content, which it has none of. */
export const redactWords = (value: JsonObject, redactions: readonly Redaction[]): JsonObject =>
  walk(value, inTurn(redactions.flatMap(toScrub))) as JsonObject

const inTurn =
  (scrubs: readonly Scrub[]): Scrub =>
  (text) =>
    scrubs.reduce((words, scrub) => scrub(words), text)

function toScrub(redaction: Redaction): readonly Scrub[] {
  if ('preset' in redaction) {
    const mark = redaction.with ?? `[redacted ${redaction.preset}]`
    return [(text) => PRESETS[redaction.preset](text, mark)]
  }
  if ('pattern' in redaction) {
    const pattern = RE2JS.compile(redaction.pattern)
    const mark = RE2JS.quoteReplacement(redaction.with ?? '[redacted]')
    return [(text) => pattern.matcher(text).replaceAll(mark)]
  }
  return []
}

interface Removed {
  readonly text: string
  readonly mark: string
}

/** Pointers speak of `structuredContent`; text blocks that repeat it as JSON are treated the same way. */
function removeAt(
  result: ToolResult,
  pointers: readonly { readonly pointer: string; readonly with?: string }[],
): { readonly value: ToolResult; readonly removed: readonly Removed[] } {
  if (pointers.length === 0) return { value: result, removed: [] }
  const removed: Removed[] = []
  const clean = (root: Json): Json =>
    pointers.reduce(
      (value, { pointer, with: mark = '[redacted]' }) => replaceAt(value, toTokens(pointer), { mark, removed }),
      root,
    )
  const { structuredContent } = result
  const value: ToolResult = {
    ...result,
    ...(structuredContent !== undefined && { structuredContent: clean(structuredContent) }),
    content: result.content.map((block) => cleanJsonText(block, clean)),
  }
  return { value, removed }
}

function cleanJsonText(block: Json, clean: (root: Json) => Json): Json {
  if (!isJsonObject(block) || typeof block['text'] !== 'string') return block
  const parsed = parseContainer(block['text'])
  return parsed === undefined ? block : { ...block, text: JSON.stringify(clean(parsed)) }
}

function parseContainer(text: string): Json | undefined {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}

interface Removal {
  readonly mark: string
  readonly removed: Removed[]
}

/** `*` as a token stands for every element or member. */
function replaceAt(value: Json, tokens: readonly string[], removal: Removal): Json {
  const [token, ...rest] = tokens
  if (token === undefined) return remove(value, removal)
  if (Array.isArray(value)) {
    return value.map((item: Json, index) =>
      token === '*' || token === String(index) ? replaceAt(item, rest, removal) : item,
    )
  }
  if (!isJsonObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [
      key,
      (token === '*' || token === key) && member !== undefined ? replaceAt(member, rest, removal) : member,
    ]),
  )
}

function remove(value: Json, { mark, removed }: Removal): string {
  if (typeof value === 'string' && value.length >= SHORTEST_ECHO) removed.push({ text: value, mark })
  return mark
}

const toTokens = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))

function walk(value: Json, scrub: Scrub): Json {
  if (typeof value === 'string') return scrub(value)
  if (Array.isArray(value)) return value.map((item: Json) => walk(item, scrub))
  if (!isJsonObject(value)) return value
  const out: Record<string, Json> = {}
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue
    const opaque = OPAQUE.has(key) && typeof member === 'string' && isBlock(value)
    out[freshKey(out, scrub(key))] = opaque ? member : walk(member, scrub)
  }
  return out
}

const isBlock = (value: JsonObject): boolean =>
  typeof value['type'] === 'string' || typeof value['mimeType'] === 'string' || 'blob' in value

/** Two names that become the same by redaction stay two members. */
function freshKey(out: Readonly<Record<string, Json>>, key: string): string {
  let name = key
  for (let count = 2; Object.hasOwn(out, name); count++) name = `${key} ${count}`
  return name
}
