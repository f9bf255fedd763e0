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

type HeardMethod = `notifications/${'tools' | 'resources' | 'prompts'}/list_changed` | 'notifications/message'

/** What a modern client listens with for a notification. */
const FILTERS: Partial<Record<HeardMethod, object>> = {
  'notifications/tools/list_changed': { toolsListChanged: true },
  'notifications/resources/list_changed': { resourcesListChanged: true },
  'notifications/prompts/list_changed': { promptsListChanged: true },
}

/** The part of three real clients that the tests use. */
export interface TestClient {
  readonly name: string
  readonly era: 'modern' | 'legacy'
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  setLevel(level: string): Promise<unknown>
  onNotification(method: HeardMethod, listener: (params: JsonObject) => void): Promise<void>
  /** Hears of changes of these resources; the answer stops that. */
  follow(uris: string[], listener: (params: JsonObject) => void): Promise<() => Promise<unknown>>
  serverInfo(): unknown
  close(): Promise<void>
}

/** What a client answers a server that asks it something; what it has answers for, it declares. */
export type Answers = Partial<Record<'elicitation' | 'sampling' | 'roots', (params: JsonObject) => JsonObject>>

export type Connect = (endpoint: URL, agent?: string, answers?: Answers) => Promise<TestClient>

const METHODS = { elicitation: 'elicitation/create', sampling: 'sampling/createMessage', roots: 'roots/list' } as const

const declared = (answers: Answers) => Object.fromEntries(Object.keys(answers).map((name) => [name, {}]))

const requestInit = (agent: string) => ({ headers: { authorization: `Bearer ${agent}` } })

/** A client of the SDK's second line that is not connected yet. */
export function newV2(mode: 'auto' | 'legacy', answers: Answers): ModernClient {
  const client = new ModernClient(INFO, { capabilities: declared(answers), versionNegotiation: { mode } })
  for (const [name, answer] of Object.entries(answers)) {
    client.setRequestHandler(
      METHODS[name as keyof Answers],
      ({ params }) => answer((params ?? {}) as JsonObject) as never,
    )
  }
  return client
}

/** The same of the first line. */
export function newV1(answers: Answers): LegacyClient {
  const client = new LegacyClient(INFO, { capabilities: declared(answers) })
  for (const [name, answer] of Object.entries(answers)) {
    const schema = z.object({ method: z.literal(METHODS[name as keyof Answers]), params: z.looseObject({}).optional() })
    client.setRequestHandler(schema, ({ params }) => answer((params ?? {}) as JsonObject) as never)
  }
  return client
}

export const connectV2 =
  (era: 'modern' | 'legacy'): Connect =>
  async (endpoint, agent = 'ann', answers = {}) => {
    const client = newV2(era === 'modern' ? 'auto' : 'legacy', answers)
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
      const filter = FILTERS[method]
      if (era === 'modern' && filter) await client.listen(filter)
    },
    async follow(uris, listener) {
      client.setNotificationHandler('notifications/resources/updated', ({ params }) =>
        listener({ ...params } as JsonObject),
      )
      if (era === 'modern') {
        const listening = await client.listen({ resourceSubscriptions: uris })
        return () => listening.close()
      }
      for (const uri of uris) await client.request({ method: 'resources/subscribe', params: { uri } }, asItIs)
      return () =>
        Promise.all(uris.map((uri) => client.request({ method: 'resources/unsubscribe', params: { uri } }, asItIs)))
    },
    serverInfo: () => client.getServerVersion(),
    close: () => client.close(),
  }
}

export const connectV1: Connect = async (endpoint, agent = 'ann', answers = {}) => {
  const client = newV1(answers)
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
    async follow(uris, listener) {
      const schema = z.object({ method: z.literal('notifications/resources/updated'), params: z.looseObject({}) })
      client.setNotificationHandler(schema, ({ params }) => listener(params as JsonObject))
      for (const uri of uris) await client.subscribeResource({ uri })
      return () => Promise.all(uris.map((uri) => client.unsubscribeResource({ uri })))
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
