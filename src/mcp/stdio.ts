import type { Readable, Writable } from 'node:stream'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Principal } from '../kernel/principal.ts'
import { mcpCalls } from './calls.ts'
import { onListChanged } from './changes.ts'
import type { McpDeps } from './deps.ts'
import { mcpServer, type Served } from './server.ts'
import { stdioListens } from './stdio-listens.ts'
import { stdioWire } from './stdio-wire.ts'
import { subscriptionBook } from './subscriptions.ts'

/** The same limit as for a body over HTTP. */
const MAX_LINE_BYTES = 4 * 1024 * 1024
/** How often calls that wait too long for their caller are looked for, milliseconds. */
const SWEEP_EVERY_MS = 60_000

export interface McpStdioOptions {
  /** Whom the environment says is asking: a pipe has one principal for its whole life. */
  readonly principal: Principal
  readonly toolset?: string | undefined
  readonly stdin: Readable
  /** Gets protocol messages and nothing else. */
  readonly stdout: Writable
  readonly maxLineBytes?: number
}

export interface McpStdio {
  /** Resolves when the input has ended or `close` was called: time for the process to exit. */
  readonly closed: Promise<void>
  close(): Promise<void>
}

/** MCP over stdio in both eras; the client's first message picks one for the life of the pipe. Running calls end with it. */
export function mcpStdio(deps: McpDeps, options: McpStdioOptions): McpStdio {
  const { principal, toolset, stdin, stdout, maxLineBytes = MAX_LINE_BYTES } = options
  const calls = mcpCalls(deps)
  const subscriptions = subscriptionBook(deps.features)
  let served: Served | undefined
  let onEnd = (): void => undefined
  const closed = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  const session = deps.newId()
  const caller = () => ({ principal, toolset, session, requestId: deps.newId() })
  const follow = () => subscriptions.open(principal, (uri) => served?.resourceUpdated(uri))
  const subscriber = follow()
  const listens = stdioListens(follow(), caller)
  const wire = stdioWire({
    stdin,
    stdout,
    maxLineBytes,
    incoming: (message) => listens.pass(message),
    outgoing: (message) => served?.faithful(message) ?? message,
    onEnd: () => onEnd(),
  })
  const handle = serveStdio(
    () => {
      served = mcpServer({ deps, methods: calls, caller, subscriber })
      return served.server
    },
    {
      transport: wire,
      onerror: ({ message }) => deps.log.info({ problem: message.slice(0, 300) }, 'an MCP message could not be served'),
    },
  )
  const sweeping = setInterval(() => calls.sweep(), SWEEP_EVERY_MS).unref()
  const stopListening = onListChanged(deps, (kind) => {
    calls.sweep()
    served?.listChanged(kind)
  })
  const end = (): void => {
    clearInterval(sweeping)
    stopListening()
    calls.end(() => true)
    subscriber.end()
    listens.end()
    subscriptions.close()
  }
  return { closed: closed.then(end), close: () => handle.close() }
}
