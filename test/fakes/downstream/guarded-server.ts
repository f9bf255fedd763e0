import { createServer, type IncomingMessage, request as forward, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { createMcpHandler, Server as ModernServer } from '@modelcontextprotocol/server'
import { Server as LegacyServer } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { legacyHttp } from './http-servers.ts'

/** What a request is told before MCP is spoken; undefined lets it in. */
export type Judge = (authorization: string | undefined) => { status: number; challenge?: string } | undefined

export interface GuardedServer {
  readonly url: URL
  /** The `Authorization` header of every request so far. */
  readonly seen: (string | undefined)[]
  /** All headers of the newest request. */
  headers(): IncomingMessage['headers']
  judge: Judge
  /** Serves other paths, such as the protected-resource metadata. */
  elsewhere: (path: string, response: ServerResponse) => void
  close(): Promise<void>
}

const TOOLS = [
  { name: 'whoami', inputSchema: { type: 'object' as const }, annotations: { readOnlyHint: true } },
  {
    name: 'wipe',
    description: 'Wipes.',
    inputSchema: { type: 'object' as const },
    annotations: { destructiveHint: true },
  },
]
const text = (words: string) => ({ content: [{ type: 'text' as const, text: words }] })

/** An MCP server behind a guard; its tool `whoami` answers with the `Authorization` header that came with the call. */
export async function guardedServer(era: 'legacy' | 'modern'): Promise<GuardedServer> {
  const inner = era === 'legacy' ? await legacyInner() : modernInner()
  const seen: (string | undefined)[] = []
  let last: IncomingMessage['headers'] = {}
  const guard: GuardedServer = {
    url: new URL('http://127.0.0.1'),
    seen,
    headers: () => last,
    judge: () => undefined,
    elsewhere: (_path, response) => void response.writeHead(404).end(),
    close: async () => undefined,
  }
  const server = createServer((request, response) => {
    if (request.url !== '/mcp') return guard.elsewhere(request.url ?? '', response)
    last = request.headers
    seen.push(request.headers.authorization)
    const refusal = guard.judge(request.headers.authorization)
    if (!refusal) return inner.handle(request, response)
    request.resume()
    const challenge = refusal.challenge === undefined ? {} : { 'www-authenticate': refusal.challenge }
    return response.writeHead(refusal.status, { 'content-type': 'application/json', ...challenge }).end('{}')
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return Object.assign(guard, {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
      await inner.close()
    },
  })
}

function modernInner() {
  const handler = createMcpHandler(
    () => {
      const server = new ModernServer({ name: 'guarded', version: '1.2.3' }, { capabilities: { tools: {} } })
      server.setRequestHandler('tools/list', () => ({ tools: TOOLS }))
      server.setRequestHandler('tools/call', (_request, { http }) =>
        text(http?.req?.headers.get('authorization') ?? 'nobody'),
      )
      return server
    },
    { legacy: 'reject' },
  )
  const listener = getRequestListener((request) => handler.fetch(request))
  return {
    handle: (request: IncomingMessage, response: ServerResponse) => void listener(request, response),
    close: () => handler.close(),
  }
}

async function legacyInner() {
  const fake = await legacyHttp(() => {
    const server = new LegacyServer({ name: 'guarded', version: '1.2.3' }, { capabilities: { tools: {} } })
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: TOOLS }))
    server.setRequestHandler(CallToolRequestSchema, (_request, { requestInfo }) =>
      text(String(requestInfo?.headers['authorization'] ?? 'nobody')),
    )
    return server
  })
  return {
    handle: (request: IncomingMessage, response: ServerResponse) => {
      const { method = 'GET', headers } = request
      request.pipe(
        forward(fake.url, { method, headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 500, answer.headers)
          answer.pipe(response)
        }).on('error', () => response.destroy()),
      )
    },
    close: () => fake.close(),
  }
}
