import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { cutJson, cutText, sizeOf } from './cut-json.ts'
import { parseContainer } from './redact-walk.ts'

/** Left for the note and the braces around what is kept. */
const ROOM_FOR_NOTE = 400
const MOST_NAMED = 5

/**
 * The result within `bytes` of JSON, or the note alone where that is longer. Text is cut and says so, and JSON in a text
 * loses what comes last and stays JSON. What cannot be cut and stay whole (structured content, images) is left out and
 * named. A result that lost its structured content is an error that the model can repair.
 */
export function capResult(result: ToolResult, bytes: number): ToolResult {
  const size = sizeOf(result)
  if (size <= bytes) return result
  const { structuredContent, content, isError, ...more } = result
  const others = sizeOf(more) <= bytes / 4 ? more : {}
  const budget = Math.max(0, bytes - ROOM_FOR_NOTE - sizeOf(others))
  const keepsStructure = structuredContent !== undefined && sizeOf(structuredContent) <= budget / 2
  const { kept, lost } = fill(content, keepsStructure ? budget - sizeOf(structuredContent) : budget)
  const gone = [...lost, ...(structuredContent === undefined || keepsStructure ? [] : ['structured content'])]
  return {
    ...others,
    content: [...kept, { type: 'text', text: noteOf(size, bytes, gone) }],
    ...(keepsStructure && { structuredContent }),
    ...((isError === true || (structuredContent !== undefined && !keepsStructure)) && { isError: true }),
  }
}

function noteOf(size: number, bytes: number, lost: readonly string[]): string {
  const more = lost.length > MOST_NAMED ? ` and ${lost.length - MOST_NAMED} more` : ''
  const left = lost.length === 0 ? '' : ` Left out: ${lost.slice(0, MOST_NAMED).join(', ')}${more}.`
  return `The call was made, and its result was cut by policy: ${size} bytes, ${bytes} allowed.${left} Ask for less: narrow the query, lower the limit, or read one item at a time.`
}

function fill(content: readonly Json[], budget: number): { readonly kept: readonly Json[]; readonly lost: string[] } {
  const kept: Json[] = []
  let left = budget
  for (const [at, block] of content.entries()) {
    if (sizeOf(block) > left) {
      const short = shorten(block, left)
      const rest = content.slice(short === undefined ? at : at + 1)
      return { kept: short === undefined ? kept : [...kept, short], lost: rest.map(kindOf) }
    }
    kept.push(block)
    left -= sizeOf(block) + 1
  }
  return { kept, lost: [] }
}

const KINDS: readonly Json[] = ['text', 'image', 'audio', 'resource', 'resource_link']

function kindOf(block: Json): string {
  const type = isJsonObject(block) ? block['type'] : undefined
  return typeof type === 'string' && KINDS.includes(type) ? type : 'content'
}

function shorten(block: Json, bytes: number): JsonObject | undefined {
  if (!isJsonObject(block) || typeof block['text'] !== 'string') return undefined
  const room = bytes - sizeOf({ ...block, text: '' })
  const parsed = parseContainer(block['text'])
  const text = parsed === undefined ? cutText(block['text'], room) : cutJsonText(parsed, room)
  return text === '' ? undefined : { ...block, text }
}

/** JSON inside of JSON is longer by its escapes; room for them is found by halving. */
function cutJsonText(value: Json, room: number): string {
  for (let bytes = room; bytes > 1; bytes = Math.floor(bytes / 2)) {
    const cut = cutJson(value, bytes)
    const text = cut === undefined ? '' : JSON.stringify(cut)
    if (sizeOf(text) - 2 <= room) return text
  }
  return ''
}
