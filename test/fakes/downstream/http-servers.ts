import { randomUUID } from 'node:crypto'
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { createMcpHandler } from '@modelcontextprotocol/server'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { getRequestListener } from '@hono/node-server'
import { modernServer } from './modern-tools.mjs'

export interface HttpFake {
  readonly url: URL
  /** Method and headers of every request so far. */
  readonly requests: readonly { readonly method: string; readonly headers: IncomingMessage['headers'] }[]
  close(): Promise<void>
}

type Listener = (request: IncomingMessage, response: ServerResponse) => void

async function listening(
  listener: Listener,
  path: string,
  port = 0,
): Promise<HttpFake & { readonly server: HttpServer }> {
  const requests: { method: string; headers: IncomingMessage['headers'] }[] = []
  const server = createHttpServer((request, response) => {
    requests.push({ method: request.method ?? '', headers: request.headers })
    listener(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    server,
    requests,
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** A server of the v1 SDK, whichever of its two classes. */
type Connectable = Pick<McpServer, 'connect'>

/** Streamable HTTP of the legacy era with sessions, around a server of the v1 SDK. `forget` drops every session. */
export async function legacyHttp(
  newServer: () => Connectable,
): Promise<HttpFake & { forget(): void; sessions(): number }> {
  const sessions = new Map<string, StreamableHTTPServerTransport>()
  const fake = await listening((request, response) => {
    const id = request.headers['mcp-session-id']
    const known = typeof id === 'string' ? sessions.get(id) : undefined
    if (known) {
      void known.handleRequest(request, response)
      return
    }
    if (id !== undefined) {
      response.writeHead(404).end('{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}')
      return
    }
    const transport: StreamableHTTPServerTransport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (sessionId) => void sessions.set(sessionId, transport),
      onsessionclosed: (sessionId) => void sessions.delete(sessionId),
    })
    void newServer()
      .connect(transport as Parameters<McpServer['connect']>[0])
      .then(() => transport.handleRequest(request, response))
  }, '/mcp')
  return { ...fake, forget: () => sessions.clear(), sessions: () => sessions.size }
}

/** HTTP+SSE of 2024-11-05 only: a POST to the SSE endpoint is answered with 405. */
export async function legacySse(newServer: () => Connectable): Promise<HttpFake> {
  const sessions = new Map<string, SSEServerTransport>()
  return listening((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://fake')
    if (pathname === '/messages') {
      void sessions.get(searchParams.get('sessionId') ?? '')?.handlePostMessage(request, response)
      return
    }
    if (request.method !== 'GET') {
      response.writeHead(405).end()
      return
    }
    const transport = new SSEServerTransport('/messages', response)
    sessions.set(transport.sessionId, transport)
    void newServer().connect(transport)
  }, '/sse')
}

export interface ModernState {
  readonly extra: object[]
  aborted: number
  changed?: () => void
}

/** Streamable HTTP of the modern era only. */
export async function modernHttp(): Promise<HttpFake & { readonly state: ModernState }> {
  const state: ModernState = { extra: [], aborted: 0 }
  const handler = createMcpHandler(() => modernServer(state), { legacy: 'reject' })
  state.changed = () => handler.notify.toolsChanged()
  const listener = getRequestListener((request) => handler.fetch(request))
  const fake = await listening((request, response) => void listener(request, response), '/mcp')
  return {
    ...fake,
    state,
    async close() {
      await handler.close()
      await fake.close()
    },
  }
}

/** An endpoint that answers every request the same way. */
export const answering = (listener: Listener): Promise<HttpFake> => listening(listener, '/mcp')
