import {
  SSEClientTransport,
  StreamableHTTPClientTransport,
  isJSONRPCRequest,
  type Transport,
} from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import { childEnv } from './child-process.ts'
import type { DirectCall } from './direct-call.ts'
import { type Envelope, leanCalls } from './lean-http.ts'
import { STREAM_ENDED, lostAnswer } from './lost-answer.ts'
import { revealed, type McpDeps, type McpTransport } from './mcp-spec.ts'
import { stdioTransport } from './stdio-transport.ts'

/** One way to a server: an SDK transport and what only its kind can tell or do. */
export interface Wire {
  readonly kind: 'stdio' | 'http' | 'sse'
  readonly transport: Transport
  /** Why it closed by itself. */
  failure(): GatewayError | undefined
  /** What the server's process last wrote to stderr. */
  lastWords(): string
  /** Tells the server that the session is over, where there is one. */
  endSession(): Promise<void>
  /** A quick way for calls once the line is up, where there is one. */
  readonly direct?: ((envelope: Envelope) => DirectCall) | undefined
}

type Message = Parameters<NonNullable<Transport['onmessage']>>[0]
type StdioEnd = Extract<McpTransport, { kind: 'stdio' }>
type HttpEnd = Extract<McpTransport, { url: URL }>

const MAX_MESSAGE_BYTES = 10 * 1024 * 1024
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

export function stdioWire(to: StdioEnd, deps: McpDeps): Wire {
  const env = childEnv(deps.env, revealed(to.env))
  const command = { command: to.command, args: to.args, env, ...(to.cwd !== undefined && { cwd: to.cwd }) }
  const transport = stdioTransport(command, deps)
  return {
    kind: 'stdio',
    transport,
    failure: () => transport.failure(),
    lastWords: () => transport.lastWords(),
    endSession: () => Promise.resolve(),
  }
}

export function httpWire(to: HttpEnd, deps: McpDeps): Wire {
  const transport = new StreamableHTTPClientTransport(to.url, httpOptions(to, deps))
  failOnStreamEnd(transport)
  const { url, allowPrivateNetwork } = to
  const headers = revealed(to.headers)
  const { post } = deps
  const ends = { transport, url, headers, allowPrivateNetwork, maxBytes: MAX_MESSAGE_BYTES }
  const direct = post && leanCalls({ ...deps, ...ends, post })
  return { kind: 'http', transport, ...silent, endSession: () => transport.terminateSession(), direct }
}

export function sseWire(to: HttpEnd, deps: McpDeps): Wire {
  const transport = inOrder(new SSEClientTransport(to.url, httpOptions(to, deps)))
  return { kind: 'sse', transport, ...silent, endSession: () => Promise.resolve() }
}

/**
 * One microtask a message: the client handles a notification in the next one, and an answer that came in the same chunk would
 * overtake the progress before it.
 */
function inOrder(inner: SSEClientTransport): Transport {
  let delivered = Promise.resolve()
  const transport: Transport = {
    start() {
      Object.assign(inner, {
        onclose: () => transport.onclose?.(),
        onerror: (error: Error) => transport.onerror?.(error),
        onmessage(message: Message) {
          delivered = delivered.then(() => transport.onmessage?.(message)).catch(() => undefined)
        },
      })
      return inner.start()
    },
    send: (message) => inner.send(message),
    close: () => inner.close(),
    setProtocolVersion: (version) => inner.setProtocolVersion(version),
  }
  return transport
}

const silent = { failure: () => undefined, lastWords: () => '' }

/** Headers are checked here because the platform's own error would show the value. */
function httpOptions(to: HttpEnd, deps: McpDeps) {
  const headers = revealed(to.headers)
  for (const [name, value] of Object.entries(headers)) {
    if (HEADER_NAME.test(name) && HEADER_VALUE.test(value)) continue
    throw new GatewayError('config_invalid', `The header "${name}" has characters that HTTP does not allow.`)
  }
  return {
    requestInit: { headers },
    fetch: deps.fetch({ allowPrivateNetwork: to.allowPrivateNetwork, maxBytes: MAX_MESSAGE_BYTES }),
  }
}

/**
 * The SDK lets a request wait for its whole timeout when the server ends the answer's stream without an answer. Here it
 * gets an error at once. An answer that did come was delivered before its stream ended, and the second one is ignored.
 */
function failOnStreamEnd(transport: StreamableHTTPClientTransport): void {
  const send = transport.send.bind(transport)
  transport.send = (message, options) => {
    if (Array.isArray(message) || !isJSONRPCRequest(message)) return send(message, options)
    const { id } = message
    const onRequestStreamEnd = (): void => {
      options?.onRequestStreamEnd?.()
      transport.onmessage?.(lostAnswer(id, STREAM_ENDED))
    }
    return send(message, { ...options, onRequestStreamEnd })
  }
}
