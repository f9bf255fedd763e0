import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { onTestFinished, vi } from 'vitest'
import { createEgress } from '../../../src/egress/egress.ts'
import type { GatewayError } from '../../../src/kernel/errors.ts'
import type { Exchange } from '../../../src/kernel/exchange.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { SourceTool, ToolResult } from '../../../src/kernel/tool.ts'
import type { Connected } from '../../../src/sources/connector.ts'
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
    verdicts: memoryVerdicts(),
    ledger: noLedger,
    version: '0.0.0',
    ...change,
  }
}

export interface Session extends Pick<Connected, 'source' | 'identity' | 'tools'> {
  readonly probe: () => Promise<void>
  readonly close: () => Promise<void>
  readonly problems: () => readonly string[]
  /** What `onTools` told, newest last. */
  readonly lists: (readonly SourceTool[])[]
  readonly losses: GatewayError[]
  readonly call: (name: string, input?: JsonObject, exchange?: Partial<Exchange>) => Promise<ToolResult>
}

/** Connects through the connector as the supervisor does; closed with the test. */
export async function connect(
  transport: McpTransport,
  spec: Partial<McpSpec> = {},
  deps: McpDeps = mcpDeps(),
): Promise<Session> {
  const lists: (readonly SourceTool[])[] = []
  const losses: GatewayError[] = []
  const events = {
    onTools: (tools: readonly SourceTool[]) => void lists.push(tools),
    onLost: (error: GatewayError) => void losses.push(error),
  }
  const connector = mcpConnector({ connection: 'fake', transport, trustAnnotations: false, ...spec }, deps)
  const connected = await connector.connect(events, new AbortController().signal)
  onTestFinished(() => connected.close())
  const { source: inner } = connected
  return {
    source: inner,
    identity: connected.identity,
    tools: connected.tools,
    probe: () => connected.probe(new AbortController().signal),
    close: () => connected.close(),
    problems: () => connected.problems?.() ?? [],
    lists,
    losses,
    call: (name, input = {}, exchange = {}) => inner.callTool(name, input, { ...anExchange(), ...exchange }),
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
  signal: new AbortController().signal,
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
