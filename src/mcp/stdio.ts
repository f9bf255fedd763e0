import type { Readable, Writable } from 'node:stream'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import type { Principal } from '../kernel/principal.ts'
import type { McpDeps } from './deps.ts'
import { mcpMethods } from './methods.ts'
import { mcpServer, type Served } from './server.ts'
import { stdioWire } from './stdio-wire.ts'

/** The same limit as for a body over HTTP. */
const MAX_LINE_BYTES = 4 * 1024 * 1024

export interface McpStdioOptions {
  /** Whom the environment says is asking: a pipe has one principal for its whole life. */
  readonly principal: Principal
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
  const { principal, stdin, stdout, maxLineBytes = MAX_LINE_BYTES } = options
  const methods = mcpMethods(deps)
  let served: Served | undefined
  let onEnd = (): void => undefined
  const closed = new Promise<void>((resolve) => {
    onEnd = resolve
  })
  const caller = () => ({ principal, requestId: deps.newId() })
  const handle = serveStdio(
    () => {
      served = mcpServer({ deps, methods, caller })
      return served.server
    },
    {
      transport: stdioWire({ stdin, stdout, maxLineBytes, onEnd: () => onEnd() }),
      onerror: ({ message }) => deps.log.info({ problem: message.slice(0, 300) }, 'an MCP message could not be served'),
    },
  )
  const stopListening = deps.onToolsChanged(() => served?.toolsChanged())
  return { closed: closed.then(stopListening), close: () => handle.close() }
}
