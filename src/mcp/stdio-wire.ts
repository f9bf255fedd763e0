import type { Readable, Writable } from 'node:stream'
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server'
import { readMessage } from './message.ts'
import { idOf, INVALID_REQUEST, type RpcError, type RpcId } from './rpc.ts'

const NEWLINE = 10

export interface StdioWireOptions {
  readonly stdin: Readable
  readonly stdout: Writable
  /** Longer lines are refused and skipped, bytes. */
  readonly maxLineBytes: number
  /** A message as it is to be served; undefined when it is not to be. */
  readonly incoming: (message: JSONRPCMessage) => JSONRPCMessage | Promise<JSONRPCMessage | undefined>
  readonly outgoing: (message: JSONRPCMessage) => JSONRPCMessage
  /** Called once, when the input has ended or the wire was closed. */
  readonly onEnd: () => void
}

/**
 * One JSON-RPC message a line, as MCP's stdio transport has it. Unlike the SDK's own wire it reads strictly (depth,
 * duplicate keys), and answers a line that it cannot use instead of dropping it.
 */
export function stdioWire({ stdin, stdout, maxLineBytes, incoming, outgoing, onEnd }: StdioWireOptions): Transport {
  let closed = false
  const take = async (passed: Promise<JSONRPCMessage | undefined>): Promise<void> => {
    const message = await passed
    if (message && !closed) wire.onmessage?.(message)
  }
  const onData = lineSplitter(maxLineBytes, (line) => {
    if (closed || line?.trim() === '') return
    const read = toMessage(line)
    if (!('message' in read)) {
      stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...read })}\n`)
      return
    }
    const passed = incoming(read.message)
    if (passed instanceof Promise) void take(passed)
    else wire.onmessage?.(passed)
  })
  const close = (): void => {
    if (closed) return
    closed = true
    stdin.off('data', onData).off('end', close).off('close', close).off('error', close)
    stdin.pause()
    wire.onclose?.()
    onEnd()
  }
  const wire: Transport = {
    async start() {
      stdin.on('data', onData).on('end', close).on('close', close).on('error', close)
      stdout.on('error', close)
    },
    send: (message) =>
      new Promise((resolve, reject) => {
        if (closed) reject(new Error('the input has ended'))
        else stdout.write(`${JSON.stringify(outgoing(message))}\n`, (error) => (error ? reject(error) : resolve()))
      }),
    async close() {
      close()
    },
  }
  return wire
}

type Refusal = { readonly id: RpcId | null; readonly error: RpcError }

function toMessage(line: string | undefined): { readonly message: JSONRPCMessage } | Refusal {
  if (line === undefined) return { id: null, error: { code: INVALID_REQUEST, message: 'The message is too large.' } }
  const read = readMessage(line)
  if (read.error) return read
  try {
    return { message: parseJSONRPCMessage(read.body) }
  } catch {
    const message = 'This is no valid JSON-RPC message. Send one message a line, not a batch.'
    return { id: idOf(read.body), error: { code: INVALID_REQUEST, message } }
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
