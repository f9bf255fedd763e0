import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { attach } from '../../src/cli/attach.ts'
import type { Running } from '../../src/cli/locate.ts'
import { callTool } from '../../src/gateway/call-tool.ts'
import { listTools } from '../../src/gateway/list-tools.ts'
import { httpApp } from '../../src/http/app.ts'
import { listen } from '../../src/http/listen.ts'
import { createIdentity } from '../../src/identity/identity.ts'
import type { JsonObject } from '../../src/kernel/json.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { mcpHttp } from '../../src/mcp/streamable-http.ts'
import type { TestGateway } from './test-gateway.ts'
import { seal } from '../../src/vault/seal.ts'
import { fakeFeatures } from '../interop/fake-features.ts'

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
}

/** A request as a client of 2026-07-28 writes it. */
export const modern = (id: number, method: string, params: JsonObject = {}, meta: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params: { ...params, _meta: { ...META, ...meta } },
})

export const legacy = (id: number, method: string, params: JsonObject = {}): JsonObject => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})

export const INITIALIZE = legacy(1, 'initialize', {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
})
export const INITIALIZED: JsonObject = { jsonrpc: '2.0', method: 'notifications/initialized' }

/** The whole HTTP application over a test gateway, on a port of loopback, as the lock file would publish it. */
export async function door(gateway: TestGateway) {
  const { deps } = gateway
  const changes = new Set<() => void>()
  let ids = 0
  const newId = (): string => `id-${++ids}-${Math.random()}`
  const mcp = mcpHttp({
    tools: {
      list: (principal, cursor, toolset) => listTools(deps, principal, cursor, toolset),
      call: (call, exchange) => callTool(deps, call, exchange),
    },
    features: fakeFeatures(),
    capabilities: () => ({ resources: false, prompts: false, completions: false, subscribe: false }),
    onToolsChanged: (listener) => {
      changes.add(listener)
      return () => changes.delete(listener)
    },
    onFeaturesChanged: () => () => undefined,
    seal: seal(randomBytes(32), 'test'),
    serverInfo: { name: 'gatehouse', version: '1' },
    clock: Date.now,
    newId,
    log: deps.log,
  })
  const token = new Secret(`gha_${newId().replaceAll(/\W/g, '')}`)
  const identity = createIdentity({
    agents: () => deps.snapshot().agents,
    keys: { verify: () => ({ owner: 'nobody', keyId: 'none' }) },
    attachToken: token,
    organisation: 'acme',
    resource: new URL('http://127.0.0.1'),
  })
  const app = httpApp({
    identity,
    mcp,
    allowed: () => ({ hosts: ['127.0.0.1'], origins: [] }),
    notReady: () => undefined,
    hasToolset: (name) => deps.snapshot().toolsets.has(name),
    newId,
    log: deps.log,
  })
  const listening = await listen(app, { host: '127.0.0.1', port: 0 })
  let closing: Promise<unknown> | undefined
  const close = (): Promise<unknown> => (closing ??= Promise.all([mcp.close(0), listening.close({ graceMs: 0 })]))
  onTestFinished(async () => void (await close()))
  return {
    running: { url: listening.url, token } satisfies Running,
    close,
    toolsChanged: () => {
      for (const listener of changes) listener()
    },
  }
}

/** A bridge whose stdin and stdout are in the test's hands. */
export function attached(
  locate: () => Promise<Running | undefined>,
  options: { readonly fetch?: typeof fetch; readonly toolset?: string } = {},
) {
  const lines: string[] = []
  let wake = (): void => undefined
  const input = { isOpen: true }
  const written = { out: '', err: '' }
  const stdin = (async function* () {
    while (input.isOpen || lines.length > 0) {
      const line = lines.shift()
      if (line !== undefined) yield line
      else await new Promise<void>((resolve) => (wake = resolve))
    }
  })()
  const stop = new AbortController()
  const ended = attach({
    agent: 'sidekick',
    toolset: options.toolset,
    locate,
    signal: stop.signal,
    shell: {
      stdin,
      stdout: (text) => void (written.out += text),
      stderr: (text) => void (written.err += text),
      fetch: options.fetch ?? fetch,
    },
  })
  const end = (): Promise<void> => {
    input.isOpen = false
    wake()
    return ended
  }
  onTestFinished(async () => {
    stop.abort()
    await end()
  })
  return {
    send: (message: JsonObject | string) => {
      lines.push(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
      wake()
    },
    /** Every message on stdout; fails when anything else stands there. */
    messages: () =>
      written.out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as JsonObject),
    /** The answer with this id, once it has come. */
    answer: (id: number) =>
      written.out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as JsonObject)
        .find((message) => message['id'] === id),
    err: () => written.err,
    end,
    stop: () => stop.abort(),
    ended,
  }
}
