import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import type { JsonObject } from '../../src/kernel/json.ts'

const INFO = { name: 'test-client', version: '1.0.0' }
/** Passes every result on as it came. */
const asItIs = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value: value as JsonObject }) },
}
/** The same for the SDK of the earlier versions. */
const looseZod = z.looseObject({})

export interface RequestOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (progress: JsonObject) => void
}

/** The part of three real clients that the tests use. */
export interface TestClient {
  readonly name: string
  readonly era: 'modern' | 'legacy'
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  setLevel(level: string): Promise<unknown>
  onNotification(
    method: 'notifications/tools/list_changed' | 'notifications/message',
    listener: (params: JsonObject) => void,
  ): Promise<void>
  serverInfo(): unknown
  close(): Promise<void>
}

export type Connect = (endpoint: URL, agent?: string) => Promise<TestClient>

const requestInit = (agent: string) => ({ headers: { authorization: `Bearer ${agent}` } })

export const connectV2 =
  (era: 'modern' | 'legacy'): Connect =>
  async (endpoint, agent = 'ann') => {
    const mode = era === 'modern' ? 'auto' : 'legacy'
    const client = new ModernClient(INFO, { capabilities: {}, versionNegotiation: { mode } })
    await client.connect(new StreamableHTTPClientTransport(endpoint, { requestInit: requestInit(agent) }))
    return v2Client(client, era)
  }

/** A connected client of the SDK's second line, in either era. */
export function v2Client(client: ModernClient, era: 'modern' | 'legacy'): TestClient {
  return {
    name: `client 2.4.0, ${era}`,
    era,
    request: async (method, params = {}, options = {}) =>
      (await client.request({ method, params }, asItIs, options)) as JsonObject,
    setLevel: (level) => client.setLoggingLevel(level as 'info'),
    async onNotification(method, listener) {
      client.setNotificationHandler(method, ({ params }) => listener((params ?? {}) as JsonObject))
      if (era === 'modern' && method === 'notifications/tools/list_changed')
        await client.listen({ toolsListChanged: true })
    },
    serverInfo: () => client.getServerVersion(),
    close: () => client.close(),
  }
}

export const connectV1: Connect = async (endpoint, agent = 'ann') => {
  const client = new LegacyClient(INFO, { capabilities: {} })
  await client.connect(new LegacyTransport(endpoint, { requestInit: requestInit(agent) }))
  return v1Client(client)
}

/** A connected client of the SDK's first line. */
export function v1Client(client: LegacyClient): TestClient {
  return {
    name: 'sdk 1.32.2, legacy',
    era: 'legacy',
    request: (method, params = {}, options = {}) =>
      client.request({ method, params }, looseZod, options) as Promise<JsonObject>,
    setLevel: (level) => client.setLoggingLevel(level as 'info'),
    async onNotification(method, listener) {
      const schema = z.object({ method: z.literal(method), params: z.looseObject({}).optional() })
      client.setNotificationHandler(schema, ({ params }) => listener((params ?? {}) as JsonObject))
    },
    serverInfo: () => client.getServerVersion(),
    close: () => client.close(),
  }
}

export const CLIENTS: readonly (readonly [string, 'modern' | 'legacy', Connect])[] = [
  ['client 2.4.0 speaking 2026-07-28', 'modern', connectV2('modern')],
  ['client 2.4.0 speaking 2025-11-25', 'legacy', connectV2('legacy')],
  ['sdk 1.32.2', 'legacy', connectV1],
]
