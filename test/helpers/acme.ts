import { endingWith } from '../../src/kernel/ending.ts'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { GatewayError } from '../../src/kernel/errors.ts'
import type { Exchange } from '../../src/kernel/exchange.ts'
import { Secret } from '../../src/kernel/secret.ts'
import type { ToolResult } from '../../src/kernel/tool.ts'
import {
  action,
  basic,
  bearer,
  apiKey,
  defineProvider,
  failureByStatus,
  path,
  segments,
} from '../../src/provider-kit/index.ts'
import type { Provider } from '../../src/provider-kit/index.ts'
import type { Connected } from '../../src/sources/connector.ts'
import { fixedCredentials } from '../../src/connections/fixed-credentials.ts'
import { methodOf } from '../../src/provider-kit/method-of.ts'
import type { ProviderConnection } from '../../src/sources/provider-connection.ts'
import { providerConnector } from '../../src/sources/provider-source.ts'
import { testEgress } from './egress.ts'
import { fakeVendor, json } from './fake-vendor.ts'
import type { Answer, FakeVendor } from './fake-vendor.ts'

export const TOKEN = 'acme-token-0123456789'

const about = { docs: 'https://example.com/docs', external: false, idempotent: true, scopes: [] } as const
const thing = z.object({ id: z.string(), name: z.string() })
const id = z.string().describe('Thing id, such as t1.')

/** An invented service that has every quirk that the source must cope with. */
export const acme = defineProvider({
  id: 'acme',
  title: 'Acme',
  docs: 'https://example.com/docs',
  baseUrl: 'https://api.acme.example/v1',
  auth: [bearer(), basic(), apiKey({ query: 'key' })],
  headers: { 'X-Version': '7' },
  failure: (reply) => {
    const said = z.object({ ok: z.literal(false), error: z.string() }).safeParse(reply.body).data
    if (said) return { kind: said.error === 'invalid_auth' ? 'reauth' : 'invalid_input', message: said.error }
    return failureByStatus(reply, { message: ['/message'] })
  },
  actions: {
    get_thing: action({
      ...about,
      title: 'Get a thing',
      description: 'Gets a thing.',
      effect: 'read',
      input: z.strictObject({
        id,
        file: z.string().optional().describe('Path of a file, such as a/b.txt.'),
        note: z.string().optional().describe('A header, such as hello.'),
        q: z.string().optional().describe('A query, such as x.'),
        tags: z.array(z.string()).optional().describe('Tags, such as ["a"].'),
      }),
      output: thing,
      request: ({ id, file, note, q, tags }) => ({
        method: 'GET',
        path: file === undefined ? path`/things/${id}` : path`/things/${id}/${segments(file)}`,
        query: { q, tag: tags },
        ...(note === undefined ? {} : { headers: { 'x-note': note } }),
      }),
    }),
    list_things: action({
      ...about,
      title: 'List things',
      description: 'Lists things.',
      effect: 'read',
      input: z.strictObject({ limit: z.number().default(10).describe('How many, such as 10.') }),
      output: z.object({ things: z.array(thing) }),
      request: ({ limit }) => ({ method: 'GET', path: path`/things`, query: { limit } }),
      followUps: (reply) =>
        z
          .array(z.string())
          .parse(reply.body)
          .map((one) => ({ method: 'GET', path: path`/things/${one}` })),
      result: (_reply, followUps) => ({ things: followUps.map((one) => one.body) }),
    }),
    create_thing: action({
      ...about,
      title: 'Create a thing',
      description: 'Creates a thing.',
      effect: 'write',
      external: true,
      idempotent: false,
      scopes: [['things:write'], ['admin', 'things']],
      tags: ['things'],
      input: z.strictObject({
        name: z.string().describe('Name, such as Bolt.'),
        form: z.boolean().optional().describe('As a form.'),
      }),
      output: thing,
      request: ({ name, form }) => ({
        method: 'POST',
        path: path`/things`,
        body: form ? { form: { name, left: undefined } } : { json: { name } },
      }),
    }),
    delete_thing: action({
      ...about,
      title: 'Delete a thing',
      description: 'Deletes a thing.',
      effect: 'destructive',
      input: z.strictObject({ id }),
      output: z.object({ deleted: z.boolean() }),
      request: ({ id }) => ({ method: 'DELETE', path: path`/things/${id}` }),
      result: () => ({ deleted: true }),
    }),
  },
  whoami: { request: { method: 'GET', path: path`/me` }, account: () => 'me' },
})

export interface Open {
  readonly vendor: FakeVendor
  readonly connected: Connected
  readonly lost: GatewayError[]
  readonly waits: number[]
  readonly call: (name: string, input: JsonObject, signal?: AbortSignal, user?: string) => Promise<ToolResult>
}

/**
 * What a test says is different about a connection; `fields` are those of a credential that stands in the configuration,
 * `prefix` is where Acme's API begins, `/v1`.
 */
export type Change = Partial<ProviderConnection> & {
  readonly fields?: Readonly<Record<string, Secret>>
  readonly prefix?: string
}

/** Options of a connection to a fake Acme at `url`; the test says what is different. */
export function connectionTo(url: string, change: Change = {}): ProviderConnection {
  const { fields = { token: new Secret(TOKEN) }, prefix = '/v1', ...rest } = change
  const { provider = acme, method = 'token' } = rest
  return {
    connection: 'acme',
    provider,
    method,
    credentials: (subject) => fixedCredentials({ method: methodOf(provider, method), fields })(subject),
    ownership: 'shared',
    baseUrl: url + prefix,
    allowPrivateNetwork: true,
    egress: testEgress().egress,
    clock: () => 0,
    version: '1.2.3',
    timeoutMs: 3_000,
    ...rest,
  }
}

/** A connection to a fake service: `whoami` is answered, `answer` gives the rest. Closed when the test ends. */
export async function openProvider(answer: Answer, change: Change = {}): Promise<Open> {
  const vendor = await fakeVendor((request, response, raw) =>
    (/\/me(?:\?|$)/.test(request.target) ? json({ ok: true }) : answer)(request, response, raw),
  )
  const { egress, waits } = testEgress()
  onTestFinished(async () => {
    await egress.close()
    await vendor[Symbol.asyncDispose]()
  })
  const lost: GatewayError[] = []
  const events = {
    onTools: () => undefined,
    onFeatures: () => undefined,
    onResourceUpdated: () => undefined,
    onLost: (error: GatewayError) => lost.push(error),
  }
  const connector = providerConnector(connectionTo(vendor.url, { egress, ...change }))
  const connected = await connector.connect(events, new AbortController().signal)
  onTestFinished(() => connected.close())
  const call: Open['call'] = (name, input, signal, user) =>
    connected.source.callTool(name, input, exchange(signal, user))
  return { vendor, connected, lost, waits, call }
}

/** A request on its way, as far as a source looks at it. */
export const exchange = (signal: AbortSignal = new AbortController().signal, user?: string): Exchange => ({
  principal: {
    id: 'agent:test',
    organisation: 'test',
    agent: 'test',
    groups: [],
    claims: {},
    credential: 'key',
    ...(user !== undefined && { user }),
  },
  requestId: 'r1',
  ending: endingWith(signal),
  protocol: { era: 'modern', version: '2026-07-28', capabilities: {} },
})

/** The same provider with another reading of failures or other actions. */
export const acmeWith = (change: Partial<Provider>): Provider => ({ ...acme, ...change })
