import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'

/** Left for the note and the braces around what is kept. */
const ROOM_FOR_NOTE = 300

/**
 * The result within `bytes` of JSON. Text is cut and says so; what cannot be cut and stay whole (structured content,
 * images) is left out and named. A result that lost its structured content is an error that the model can repair.
 */
export function capResult(result: ToolResult, bytes: number): ToolResult {
  const size = sizeOf(result)
  if (size <= bytes) return result
  const { structuredContent, content, ...rest } = result
  const budget = Math.max(0, bytes - ROOM_FOR_NOTE - sizeOf(rest))
  const keepsStructure = structuredContent !== undefined && sizeOf(structuredContent) <= budget / 2
  const kept = fill(content, keepsStructure ? budget - sizeOf(structuredContent) : budget)
  const note = `The result was cut by policy: ${size} bytes, ${bytes} allowed. Ask for less: narrow the query, lower the limit, or read one item at a time.`
  return {
    ...rest,
    content: [...kept, { type: 'text', text: note }],
    ...(keepsStructure && { structuredContent }),
    ...(structuredContent !== undefined && !keepsStructure && { isError: true }),
  }
}

function fill(content: readonly Json[], budget: number): readonly Json[] {
  const kept: Json[] = []
  let left = budget
  for (const block of content) {
    const fitting = sizeOf(block) <= left ? block : shorten(block, left)
    if (fitting !== undefined) kept.push(fitting)
    left -= fitting === undefined ? 0 : sizeOf(fitting)
    if (fitting !== block) break
  }
  return kept
}

function shorten(block: Json, bytes: number): JsonObject | undefined {
  if (!isJsonObject(block) || typeof block['text'] !== 'string') return undefined
  const frame = sizeOf({ ...block, text: '' })
  const text = cutText(block['text'], bytes - frame)
  return text === '' ? undefined : { ...block, text }
}

/** At most so many bytes once it is JSON, never ending inside a character. */
function cutText(text: string, bytes: number): string {
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

const sizeOf = (value: Json | undefined): number => Buffer.byteLength(JSON.stringify(value ?? null))
