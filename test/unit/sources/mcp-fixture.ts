import { ending } from '../../../src/kernel/ending.ts'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { onTestFinished, vi } from 'vitest'
import { createEgress } from '../../../src/egress/egress.ts'
import type { GatewayError } from '../../../src/kernel/errors.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { SourceFeature, SourceTool, ToolResult } from '../../../src/kernel/tool.ts'
import type { Source } from '../../../src/kernel/source.ts'
import type { Connected, ConnectorEvents } from '../../../src/sources/connector.ts'
import { mcpConnector } from '../../../src/sources/mcp-connector.ts'
import type { McpDeps, McpSpec, McpTransport, SecretText } from '../../../src/sources/mcp-spec.ts'
import { noLedger } from '../../../src/sources/process-ledger.ts'
import { realSchedule } from '../../../src/sources/schedule.ts'
import { memoryVerdicts } from '../../../src/sources/verdicts.ts'

const ROOT = join(import.meta.dirname, '../../..')
export const FAKES = join(ROOT, 'test/fakes/downstream')
export const bin = (name: string): string => join(ROOT, 'node_modules/.bin', name)

/** The legacy fixture in one of its manners. */
export const fixture = (manner: string, env: Record<string, SecretText> = {}, file?: string): McpTransport => ({
  kind: 'stdio',
  command: process.execPath,
  args: [join(FAKES, 'legacy-server.mjs'), manner, ...(file === undefined ? [] : [file])],
  env,
})

export const http = (url: URL, more: Partial<Extract<McpTransport, { url: URL }>> = {}): McpTransport => ({
  kind: 'http',
  url,
  headers: {},
  fallbackToSse: true,
  allowPrivateNetwork: true,
  ...more,
})

export function mcpDeps(change: Partial<McpDeps> = {}): McpDeps {
  const egress = createEgress({ clock: Date.now })
  onTestFinished(() => egress.close())
  return {
    clock: Date.now,
    schedule: realSchedule,
    env: process.env,
    fetch: (options) => egress.fetch(options),
    post: (request) => egress.post(request),
    verdicts: memoryVerdicts(),
    ledger: noLedger,
    version: '0.0.0',
    ...change,
  }
}

export interface Session {
  readonly connected: Connected
  readonly source: Source
  readonly tools: readonly SourceTool[]
  readonly identity: string
  readonly probe: () => Promise<void>
  readonly close: () => Promise<void>
  readonly problems: () => readonly string[]
  /** What `onTools` told, newest last. */
  readonly lists: (readonly SourceTool[])[]
  readonly featureLists: (readonly SourceFeature[])[]
  /** The URIs of which `onResourceUpdated` told. */
  readonly updates: string[]
  readonly losses: GatewayError[]
  readonly call: (name: string, input?: JsonObject, exchange?: Partial<Exchange>) => Promise<ToolResult>
  readonly request: (method: string, params?: JsonObject, exchange?: Partial<Exchange>) => Promise<JsonObject>
}

/** Connects through the connector as the supervisor does; closed with the test. */
export async function connect(
  transport: McpTransport,
  spec: Partial<McpSpec> = {},
  deps: McpDeps = mcpDeps(),
): Promise<Session> {
  const told = { lists: [], featureLists: [], updates: [], losses: [] } as Pick<
    Session,
    'lists' | 'featureLists' | 'updates' | 'losses'
  >
  const events: ConnectorEvents = {
    onTools: (tools) => void told.lists.push(tools),
    onFeatures: (features) => void told.featureLists.push(features),
    onResourceUpdated: (uri) => void told.updates.push(uri),
    onLost: (error) => void told.losses.push(error),
  }
  const connector = mcpConnector({ connection: 'fake', transport, trustAnnotations: false, ...spec }, deps)
  const connected = await connector.connect(events, new AbortController().signal)
  onTestFinished(() => connected.close())
  const { source } = connected
  return {
    ...told,
    connected,
    source,
    tools: connected.tools,
    identity: connected.identity,
    probe: () => connected.probe(new AbortController().signal),
    close: () => connected.close(),
    problems: () => connected.problems?.() ?? [],
    call: (name, input = {}, exchange = {}) => source.callTool(name, input, { ...anExchange(), ...exchange }),
    async request(method, params = {}, exchange = {}) {
      if (!source.request) throw new Error('this source has nothing but tools')
      return source.request(method, params, { ...anExchange(), ...exchange })
    },
  }
}

export const anExchange = (): Exchange => ({
  principal: {
    id: 'agent:test',
    organisation: 'default',
    agent: 'test',
    groups: [],
    claims: {},
    credential: 'key',
  },
  requestId: 'request-1',
  ending: ending(),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
})

export const namesOf = (tools: readonly SourceTool[]): readonly string[] =>
  tools.map(({ definition }) => definition.name)

/** The text of a result's first block. */
export function textOf(result: ToolResult): string {
  const [block] = result.content
  return String((block as { text?: unknown } | undefined)?.text)
}

/** True while a process runs; one that ended and waits for its parent does not. */
export function isRunning(pid: number): boolean {
  const stat = `/proc/${pid}/stat`
  return existsSync(stat) && !/\) Z/.test(readFileSync(stat, 'utf8'))
}

export const ended = (pid: number): Promise<void> =>
  vi.waitFor(
    () => {
      if (isRunning(pid)) throw new Error(`process ${pid} still runs`)
    },
    { timeout: 8_000, interval: 20 },
  )

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => {
    server.close(resolve)
  })
  return port
}
