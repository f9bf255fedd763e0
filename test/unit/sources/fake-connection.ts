import { GatewayError } from '../../../src/kernel/errors.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { SourceFeature, SourceTool } from '../../../src/kernel/tool.ts'
import type { ConnectionSpec } from '../../../src/sources/connection-spec.ts'
import type { ConnectorEvents } from '../../../src/sources/connector.ts'
import { sourceTool } from '../../helpers/tools.ts'

/** A connection whose every turn the test decides. */
export interface FakeConnection {
  readonly spec: ConnectionSpec
  /** How many times it was asked to connect. */
  connects: number
  closes: number
  events: ConnectorEvents | undefined
  tools: readonly SourceTool[]
  features: readonly SourceFeature[]
  /** What `Source.request` was asked for. */
  readonly requests: { readonly method: string; readonly params: JsonObject }[]
  problems: readonly string[]
  /** What connecting does; by default it works. */
  onConnect: (signal: AbortSignal) => Promise<void>
  onProbe: (signal: AbortSignal) => Promise<void>
  /** What a call waits for. */
  onCall: () => Promise<void>
  onClose: () => Promise<void>
}

export const failing =
  (detail: string, data = {}): (() => Promise<never>) =>
  () =>
    Promise.reject(new GatewayError('connection_unusable', detail, { data }))

export const never = (): Promise<never> => new Promise(() => undefined)

export function fakeConnection(slug: string, change: Partial<ConnectionSpec> = {}): FakeConnection {
  const fake: FakeConnection = {
    spec: {
      slug,
      provider: 'mcp',
      enabled: true,
      fingerprint: `${slug}-1`,
      ...change,
      connector: () => ({ connection: slug, provider: 'mcp', connect }),
    },
    connects: 0,
    closes: 0,
    events: undefined,
    tools: [sourceTool('read')],
    features: [],
    requests: [],
    problems: [],
    onConnect: () => Promise.resolve(),
    onProbe: () => Promise.resolve(),
    onCall: () => Promise.resolve(),
    onClose: () => Promise.resolve(),
  }
  async function connect(events: ConnectorEvents, signal: AbortSignal) {
    fake.connects += 1
    fake.events = events
    await fake.onConnect(signal)
    const close = async (): Promise<void> => {
      fake.closes += 1
      await fake.onClose()
    }
    return {
      identity: `fake:${slug}`,
      tools: fake.tools,
      features: fake.features,
      capabilities: {},
      problems: () => fake.problems,
      source: {
        connection: slug,
        async callTool(name: string) {
          await fake.onCall()
          return { content: [{ type: 'text', text: `${slug}.${name}` }] }
        },
        request(method: string, params: JsonObject) {
          fake.requests.push({ method, params })
          return Promise.resolve({})
        },
        close,
      },
      probe: (probeSignal: AbortSignal) => fake.onProbe(probeSignal),
      close,
    }
  }
  return fake
}
