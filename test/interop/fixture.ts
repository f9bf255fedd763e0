import { httpApp } from '../../src/http/app.ts'
import { leanFront } from '../../src/http/lean-front.ts'
import { listen, type StopOptions } from '../../src/http/listen.ts'
import type { Call } from '../../src/gateway/call-tool.ts'
import type { ToolPage } from '../../src/gateway/listing.ts'
import { challengeFor } from '../../src/identity/challenge.ts'
import type { CredentialRequest } from '../../src/identity/identity.ts'
import { defaultHosts, defaultOrigins } from '../../src/identity/origin.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Principal } from '../../src/kernel/principal.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'
import type { McpDeps } from '../../src/mcp/deps.ts'
import { type McpHttpOptions, mcpHttp } from '../../src/mcp/streamable-http.ts'
import { seal } from '../../src/vault/seal.ts'
import { type FakeFeatures, fakeFeatures } from './fake-features.ts'

export type Run = (input: JsonObject, exchange: Exchange) => ToolResult | Promise<ToolResult>

export const text = (words: string): ToolResult => ({ content: [{ type: 'text', text: words }] })

export const principalOf = (agent: string): Principal => ({
  id: `agent:${agent}`,
  organisation: 'acme',
  agent,
  groups: [],
  claims: {},
  credential: 'key',
})

/** The gateway's two lives over tools in memory. `secret` is there and nobody may see it. */
export function fakeTools({ pageSize = 100 } = {}) {
  const tools = new Map<string, { definition: JsonObject; run: Run }>()
  const listeners = new Set<() => void>()
  const calls: { readonly call: Call; readonly exchange: Exchange }[] = []
  let pages: readonly ToolPage[] | undefined
  const build = (): readonly ToolPage[] => {
    const all = [...tools.values()].map(({ definition }) => definition)
    const count = Math.max(1, Math.ceil(all.length / pageSize))
    return Array.from({ length: count }, (_, index) => toPage(all, index, count, pageSize))
  }
  return {
    calls,
    define(name: string, run: Run = () => text(`hello from ${name}`), definition: JsonObject = {}) {
      pages = undefined
      tools.set(name, { definition: { name, inputSchema: { type: 'object' }, ...definition }, run })
    },
    remove(name: string) {
      pages = undefined
      tools.delete(name)
    },
    announce() {
      for (const listener of listeners) listener()
    },
    onToolsChanged(listener: () => void) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    list(_principal: Principal, cursor?: string): ToolPage {
      pages ??= build()
      const page = pages[cursor === undefined ? 0 : Number(cursor.replace('page-', ''))]
      if (!page) throw new GatewayError('invalid_cursor', 'This cursor is not of the current tool list.')
      return page
    },
    async call(call: Call, exchange: Exchange): Promise<ToolResult> {
      calls.push({ call, exchange })
      const tool = call.name === 'secret' ? undefined : tools.get(call.name)
      if (!tool) throw new GatewayError('tool_not_found', `Unknown tool: ${call.name}`)
      return tool.run((call.arguments ?? {}) as JsonObject, exchange)
    },
  }
}

export type FakeTools = ReturnType<typeof fakeTools>

function toPage(all: readonly JsonObject[], index: number, count: number, size: number): ToolPage {
  const tools = all.slice(index * size, (index + 1) * size)
  const nextCursor = index + 1 < count ? `page-${index + 1}` : undefined
  const json = `"tools":${JSON.stringify(tools)}`
  return nextCursor === undefined
    ? { tools, bytes: Buffer.from(json) }
    : { tools, nextCursor, bytes: Buffer.from(`${json},"nextCursor":"${nextCursor}"`) }
}

export interface Logged {
  readonly level: string
  readonly message: string
  readonly fields: JsonObject
  readonly cause?: unknown
}

export function mcpDeps(
  tools: FakeTools,
  clock = () => 0,
  features: FakeFeatures = fakeFeatures(),
): McpDeps & { readonly logs: Logged[] } {
  let count = 0
  const logs: Logged[] = []
  return {
    tools,
    features,
    capabilities: () => ({ resources: true, prompts: true, completions: true, subscribe: true }),
    onToolsChanged: (listener) => tools.onToolsChanged(listener),
    onFeaturesChanged: (listener) => features.onFeaturesChanged(listener),
    seal: seal(Buffer.alloc(32, 7), 'test'),
    serverInfo: { name: 'gatehouse', version: '0.0.0-test' },
    instructions: 'Call list first.',
    clock,
    newId: () => `id-${(count += 1)}`,
    log: {
      info: (fields, message) => void logs.push({ level: 'info', message, fields }),
      warn: (fields, message) => void logs.push({ level: 'warn', message, fields }),
      error: (fields, message, cause) => void logs.push({ level: 'error', message, fields, cause }),
    },
    logs,
  }
}

export interface StartOptions extends McpHttpOptions {
  readonly tools?: FakeTools
  readonly features?: FakeFeatures
  readonly capabilities?: ReturnType<McpDeps['capabilities']>
  readonly maxBodyBytes?: number
  readonly port?: number
  /** False takes every request through the application. For comparing the two ways. */
  readonly front?: boolean
}

/** The whole HTTP edge on a loopback port, with `Authorization: Bearer <agent>` as identity and a clock to move. */
export async function startEdge({
  tools = fakeTools(),
  features = fakeFeatures(),
  capabilities,
  maxBodyBytes,
  port = 0,
  front = true,
  ...options
}: StartOptions = {}) {
  let now = 0
  let notReady: string | undefined
  const deps = { ...mcpDeps(tools, () => now, features), ...(capabilities && { capabilities: () => capabilities }) }
  const mcp = mcpHttp(deps, options)
  const facts = {
    resource: new URL('http://127.0.0.1/mcp'),
    organisation: 'acme',
    authorizationServers: ['https://id.acme.example'],
    scopes: ['tools'],
  }
  let allowed = { hosts: [] as readonly string[], origins: [] as readonly string[] }
  const parts = {
    identity: {
      async authenticate({ authorization }: CredentialRequest) {
        const agent = /^Bearer ([a-z]+)$/.exec(authorization ?? '')?.[1]
        if (agent === 'poor') {
          throw new GatewayError('forbidden', 'The token lacks a scope.', { data: { error: 'insufficient_scope' } })
        }
        if (agent === undefined) throw new GatewayError('unauthenticated', 'Send an API key.')
        return principalOf(agent)
      },
      challenge: (error: GatewayError) => challengeFor(error, facts),
      metadata: { path: '/.well-known/oauth-protected-resource/mcp', document: { resource: facts.resource.href } },
    },
    mcp,
    allowed: () => allowed,
    notReady: () => notReady,
    newId: deps.newId,
    log: deps.log,
    ...(maxBodyBytes !== undefined && { maxBodyBytes }),
  }
  const app = httpApp(parts)
  const first = front && options.lean !== false ? { first: leanFront(parts) } : {}
  const server = await listen(app, { host: '127.0.0.1', port, ...first })
  allowed = {
    hosts: defaultHosts({ host: '127.0.0.1', port: server.port }),
    origins: defaultOrigins({ host: '127.0.0.1', port: server.port }),
  }
  return {
    tools,
    features,
    deps,
    mcp,
    app,
    port: server.port,
    url: server.url,
    endpoint: new URL(`${server.url}/mcp`),
    advance: (ms: number) => void (now += ms),
    setNotReady: (reason: string | undefined) => void (notReady = reason),
    close: (options: StopOptions = {}) =>
      server.close({ graceMs: 2_000, drain: (graceMs) => mcp.close(graceMs), ...options }),
  }
}

export type Edge = Awaited<ReturnType<typeof startEdge>>

export const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'raw', version: '1' },
}

export interface RawOptions {
  readonly agent?: string
  readonly session?: string
  readonly headers?: Record<string, string>
  readonly method?: string
  readonly signal?: AbortSignal
}

/** A request with nothing but what the test says; the body goes out as it is when it is text. */
export function post(edge: Pick<Edge, 'endpoint'>, body: unknown, options: RawOptions = {}): Promise<Response> {
  const { agent = 'ann', session, headers = {}, method = 'POST', signal } = options
  return fetch(edge.endpoint, {
    method,
    ...(signal && { signal }),
    headers: {
      authorization: `Bearer ${agent}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(session !== undefined && { 'mcp-session-id': session }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
}

/** A modern request with its envelope and headers. */
export function postModern(
  edge: Pick<Edge, 'endpoint'>,
  method: string,
  params: JsonObject = {},
  { id = 1, meta = {}, headers = {}, ...raw }: { id?: unknown; meta?: JsonObject } & RawOptions = {},
): Promise<Response> {
  const body = { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ...ENVELOPE, ...meta } } }
  const named = params['name'] ?? params['uri']
  return post(edge, body, {
    ...raw,
    headers: {
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': method,
      ...(typeof named === 'string' && { 'mcp-name': named }),
      ...headers,
    },
  })
}

/** Opens a legacy session and gives its id. */
export async function initialize(
  edge: Pick<Edge, 'endpoint'>,
  { capabilities = {}, ...options }: RawOptions & { readonly capabilities?: JsonObject } = {},
): Promise<string> {
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'raw', version: '1' } }
  const response = await post(edge, { jsonrpc: '2.0', id: 0, method: 'initialize', params }, options)
  const session = response.headers.get('mcp-session-id')
  if (session === null) throw new Error(`no session: ${response.status} ${await response.text()}`)
  await response.text()
  await (await post(edge, { jsonrpc: '2.0', method: 'notifications/initialized' }, { ...options, session })).text()
  return session
}

/** The JSON-RPC messages of a response, whether it came as JSON or as an event stream. */
export async function messagesOf(response: Response): Promise<readonly JsonObject[]> {
  const body = await response.text()
  if (!response.headers.get('content-type')?.includes('text/event-stream')) {
    return body === '' ? [] : [JSON.parse(body) as JsonObject]
  }
  return body
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line.length > 6)
    .map((line) => JSON.parse(line.slice(6)) as JsonObject)
}
