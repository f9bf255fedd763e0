import { randomBytes } from 'node:crypto'
import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { JsonObject } from '../../src/kernel/json.ts'
import { type TestClient, v1Client, v2Client } from '../interop/clients.ts'

export interface Soaker {
  /** Makes the request that comes n-th and says what was wrong with its answer. */
  request(n: number): Promise<string | undefined>
  /** What reached this client and was another's. */
  readonly leaks: readonly string[]
  close(): Promise<void>
}

export interface Place {
  readonly endpoint: URL
  readonly headers: Record<string, string>
  readonly connections: readonly string[]
}

const INFO = { name: 'soak', version: '1' }
const CAPABILITIES = { elicitation: { form: {} } }
const CANARY = /canary-\d+-[0-9a-f]{8}/g

/** One client, by turns of the modern and of a legacy era, with a canary of its own in everything that it sends. */
export async function soaker(index: number, place: Place): Promise<Soaker> {
  const canary = `canary-${index}-${randomBytes(4).toString('hex')}`
  const leaks: string[] = []
  const watch = (message: unknown): void => {
    for (const [found] of JSON.stringify(message).matchAll(CANARY)) if (found !== canary) leaks.push(found)
  }
  const name = `I am ${canary}`
  const { client, endSession } = await (index % 2 === 0 ? modern : legacy)(place, name, watch)
  // What modern clients have in place of the stream that every legacy client opens.
  if (client.era === 'modern') await client.onNotification('notifications/tools/list_changed', () => undefined)
  return {
    leaks,
    request: (n) => request(client, { n, canary, name, connections: place.connections }),
    async close() {
      await endSession()
      await client.close()
    },
  }
}

interface Turn {
  readonly n: number
  readonly canary: string
  readonly name: string
  readonly connections: readonly string[]
}

async function request(client: TestClient, turn: Turn): Promise<string | undefined> {
  const { n, canary, name, connections } = turn
  const connection = connections[n % connections.length] ?? ''
  const input = { arguments: { canary, n } }
  const call = (tool: string, options = {}): Promise<JsonObject> =>
    client.request('tools/call', { name: `conn__${connection}__${tool}`, ...input }, options)
  switch (n % 10) {
    case 0:
      return missing(await client.request('tools/list'), [`conn__${connection}__echo`])
    case 1:
      return missing(await client.request('resources/read', { uri: `soak://${canary}` }), [`text of soak://${canary}`])
    case 2:
      return missing(connection === 'pipe' ? await call('echo') : await call('ask'), [
        `${canary} ${n}`,
        connection === 'pipe' ? '' : name,
      ])
    case 3:
      return missing(await call('progress', { onprogress: () => undefined }), [`${canary} ${n}`])
    default:
      return missing(await call('echo'), [`${canary} ${n}`, `"n":${n}`])
  }
}

function missing(answer: JsonObject, wanted: readonly string[]): string | undefined {
  const text = JSON.stringify(answer)
  const absent = wanted.find((one) => !text.includes(one))
  return absent === undefined ? undefined : `"${absent}" is not in ${text.slice(0, 300)}`
}

type Open = (
  place: Place,
  name: string,
  watch: (message: unknown) => void,
) => Promise<{ readonly client: TestClient; readonly endSession: () => Promise<void> }>

const modern: Open = async ({ endpoint, headers }, name, watch) => {
  const client = new ModernClient(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } })
  client.setRequestHandler('elicitation/create', () => ({ action: 'accept', content: { name } }))
  const transport = new StreamableHTTPClientTransport(endpoint, { requestInit: { headers } })
  await client.connect(transport)
  watched(transport, watch)
  return { client: v2Client(client, 'modern'), endSession: () => Promise.resolve() }
}

const legacy: Open = async ({ endpoint, headers }, name, watch) => {
  const client = new LegacyClient(INFO, { capabilities: CAPABILITIES })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: 'accept' as const, content: { name } }))
  const transport = new LegacyTransport(endpoint, { requestInit: { headers } })
  await client.connect(transport)
  watched(transport, watch)
  return { client: v1Client(client), endSession: () => transport.terminateSession() }
}

/** Every message as it came, whatever the SDK makes of it. */
function watched<M>(transport: { onmessage?: ((message: M) => void) | undefined }, watch: (message: M) => void): void {
  const { onmessage: take } = transport
  const onmessage: typeof take = (message, ...more) => {
    watch(message)
    take?.(message, ...more)
  }
  Object.assign(transport, { onmessage })
}
