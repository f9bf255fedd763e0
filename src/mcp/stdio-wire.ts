import type { Readable, Writable } from 'node:stream'
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server'
import { parseStrict } from './parse-strict.ts'
import { idOf, INVALID_REQUEST, PARSE_ERROR, type RpcError, type RpcId, shapeProblem } from './rpc.ts'

const NEWLINE = 10

export interface StdioWireOptions {
  readonly stdin: Readable
  readonly stdout: Writable
  /** Longer lines are refused and skipped, bytes. */
  readonly maxLineBytes: number
  /** Called once, when the input has ended or the wire was closed. */
  onEnd(): void
}

/**
 * One JSON-RPC message a line, as MCP's stdio transport has it. Unlike the SDK's own wire it reads strictly (depth,
 * duplicate keys), and answers a line that it cannot use instead of dropping it.
 */
export function stdioWire({ stdin, stdout, maxLineBytes, onEnd }: StdioWireOptions): Transport {
  let closed = false
  const send = (message: unknown): Promise<void> =>
    new Promise((resolve, reject) => {
      stdout.write(`${JSON.stringify(message)}\n`, (error) => (error ? reject(error) : resolve()))
    })
  const refuse = (error: RpcError, id: RpcId | null): void => {
    send({ jsonrpc: '2.0', id, error }).catch(close)
  }
  const lines = lineSplitter(maxLineBytes, (line) => {
    const message = readLine(line, refuse)
    if (message) wire.onmessage?.(message)
  })
  const close = (): void => {
    if (closed) return
    closed = true
    stdin.off('data', lines).off('end', close).off('close', close).off('error', close)
    stdin.pause()
    wire.onclose?.()
    onEnd()
  }
  const wire: Transport = {
    async start() {
      stdin.on('data', lines).on('end', close).on('close', close).on('error', close)
      stdout.on('error', close)
    },
    send: (message) => (closed ? Promise.reject(new Error('the input has ended')) : send(message)),
    async close() {
      close()
    },
  }
  return wire
}

/** The message of a line; undefined when it was answered with what is wrong with it. */
function readLine(
  line: string | undefined,
  refuse: (error: RpcError, id: RpcId | null) => void,
): JSONRPCMessage | undefined {
  if (line === undefined) return void refuse({ code: INVALID_REQUEST, message: 'The message is too large.' }, null)
  if (line.trim() === '') return undefined
  const parsed = parseStrict(line)
  if (!parsed.ok) {
    const code = parsed.reason === 'syntax' ? PARSE_ERROR : INVALID_REQUEST
    return void refuse({ code, message: parsed.problem }, null)
  }
  const problem = shapeProblem(parsed.value)
  if (problem !== undefined) return void refuse({ code: INVALID_REQUEST, message: problem }, idOf(parsed.value))
  try {
    return parseJSONRPCMessage(parsed.value)
  } catch {
    return void refuse({ code: INVALID_REQUEST, message: 'This is no valid JSON-RPC message.' }, idOf(parsed.value))
  }
}

/** Cuts chunks into lines; a line beyond the limit arrives as undefined, once, when it ends. */
function lineSplitter(maxBytes: number, onLine: (line: string | undefined) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = []
  let size = 0
  const add = (part: Buffer): void => {
    size += part.length
    if (size <= maxBytes) parts.push(part)
    else parts = []
  }
  return (chunk) => {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      add(chunk.subarray(start, end))
      const line = size <= maxBytes ? Buffer.concat(parts).toString('utf8') : undefined
      parts = []
      size = 0
      start = end + 1
      onLine(line)
    }
    add(chunk.subarray(start))
  }
}
