import { randomUUID } from 'node:crypto'
import { createMcpHandler, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { getRequestListener } from '@hono/node-server'
import type { McpTransport } from '../../../src/sources/mcp-spec.ts'
import { answering, legacyHttp, legacySse, type HttpFake } from './http-servers.ts'
import { legacyWhole, newState as newLegacyState, type LegacyState } from './legacy-whole.mjs'
import { modernWhole, newState as newModernState, type ModernState } from './modern-whole.mjs'

/** A server that offers everything, and how to reach it. */
export interface Whole {
  readonly transport: McpTransport
  readonly http?: HttpFake
  readonly legacy?: LegacyState
  readonly modern?: ModernState
  /** How many legacy sessions there are. */
  sessions?(): number
  /** Forgets every legacy session. */
  forget?(): void
  close(): Promise<void>
}

export type WholeKind =
  | 'stdio legacy'
  | 'http legacy'
  | 'sse legacy'
  | 'stdio modern'
  | 'http modern'
  | 'stdio dual'
  | 'http dual'

const stdio = (file: string, ...args: readonly string[]): Whole => ({
  transport: { kind: 'stdio', command: process.execPath, args: [`${import.meta.dirname}/${file}`, ...args], env: {} },
  close: () => Promise.resolve(),
})

const remote = (http: HttpFake, kind: 'http' | 'sse'): Pick<Whole, 'transport' | 'http' | 'close'> => ({
  transport: { kind, url: http.url, headers: {}, fallbackToSse: false, allowPrivateNetwork: true },
  http,
  close: () => http.close(),
})

const SERVERS: Readonly<Record<WholeKind, () => Whole | Promise<Whole>>> = {
  'stdio legacy': () => stdio('legacy-whole.mjs'),
  'stdio modern': () => stdio('modern-whole.mjs', 'modern'),
  'stdio dual': () => stdio('modern-whole.mjs', 'dual'),
  'http legacy': async () => {
    const legacy = newLegacyState()
    const fake = await legacyHttp(() => legacyWhole(legacy))
    return { ...remote(fake, 'http'), legacy, sessions: fake.sessions, forget: fake.forget }
  },
  'sse legacy': async () => remote(await legacySse(() => legacyWhole()), 'sse'),
  'http modern': () => modernOverHttp(false),
  'http dual': () => modernOverHttp(true),
}

export const wholeServer = async (kind: WholeKind): Promise<Whole> => SERVERS[kind]()

async function modernOverHttp(isDual: boolean): Promise<Whole> {
  const modern = newModernState()
  return { ...remote(await overHttp(modern, isDual), 'http'), modern }
}

/** Streamable HTTP of the modern era, and of the legacy one beside it when it is dual. */
async function overHttp(state: ModernState, isDual: boolean): Promise<HttpFake> {
  const handler = createMcpHandler(() => modernWhole(state), { legacy: 'reject' })
  state.notify = handler.notify
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const serve = async (request: Request): Promise<Response> => {
    const isModern = request.headers.get('mcp-protocol-version') === '2026-07-28'
    if (isModern || !isDual) return handler.fetch(request)
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known) return known.handleRequest(request)
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    })
    await modernWhole(state, 'legacy').connect(transport)
    return transport.handleRequest(request)
  }
  const listener = getRequestListener(serve)
  const fake = await answering((request, response) => void listener(request, response))
  return {
    ...fake,
    async close() {
      await handler.close()
      await fake.close()
    },
  }
}
