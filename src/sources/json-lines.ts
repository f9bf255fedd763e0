import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { printable } from './stderr-tail.ts'

export interface JsonLinesOptions {
  readonly onMessage: (message: JsonObject) => void
  /** Called once when the stream cannot be used any more; what came is in `detail`. Nothing is read after it. */
  readonly onBroken: (detail: string) => void
  readonly maxLineBytes?: number
  readonly maxNoise?: number
}

const MAX_LINE_BYTES = 10 * 1024 * 1024
const MAX_NOISE = 100
const NEWLINE = 0x0a

/**
 * Cuts a stream into JSON objects, one a line (MCP stdio transport). Lines that are none, such as a banner that a server
 * prints to stdout by mistake, are tolerated: up to 100 in a row. A line may have 10 MB.
 */
export function jsonLines(options: JsonLinesOptions): (chunk: Buffer) => void {
  const { onMessage, onBroken, maxLineBytes = MAX_LINE_BYTES, maxNoise = MAX_NOISE } = options
  let parts: Buffer[] = []
  let length = 0
  let noise: string[] = []
  const state = { isBroken: false }

  const breakOff = (detail: string): void => {
    state.isBroken = true
    parts = []
    onBroken(detail)
  }
  const onNoise = (line: string): void => {
    noise.push(printable(line))
    if (noise.length < maxNoise) return
    breakOff(`it wrote ${noise.length} lines to stdout that are not MCP messages, the first: "${noise[0]}"`)
  }
  const onLine = (line: string): void => {
    if (line.trim() === '') return
    const messages = parseLine(line)
    if (!messages) return onNoise(line)
    noise = []
    for (const message of messages) onMessage(message)
  }
  const keep = (part: Buffer): void => {
    length += part.length
    if (length > maxLineBytes) return breakOff(`it wrote a line of more than ${maxLineBytes} bytes to stdout`)
    parts.push(part)
  }

  return (chunk) => {
    for (let rest = chunk; !state.isBroken && rest.length > 0;) {
      const end = rest.indexOf(NEWLINE)
      if (end === -1) return keep(rest)
      keep(rest.subarray(0, end))
      rest = rest.subarray(end + 1)
      const line = Buffer.concat(parts).toString('utf8')
      parts = []
      length = 0
      if (!state.isBroken) onLine(line)
    }
  }
}

/** One message, or the several of a batch (protocol 2025-03-26); undefined when the line is not JSON-RPC. */
function parseLine(line: string): readonly JsonObject[] | undefined {
  try {
    const value: unknown = JSON.parse(line)
    const messages: readonly unknown[] = Array.isArray(value) ? value : [value]
    return messages.every(isMessage) ? messages : undefined
  } catch {
    return undefined
  }
}

const isMessage = (value: unknown): value is JsonObject => isJsonObject(value) && value['jsonrpc'] === '2.0'
