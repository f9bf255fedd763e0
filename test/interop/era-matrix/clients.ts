import { Client as ModernClient, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport as LegacyStdioTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { StreamableHTTPClientTransport as LegacyHttpTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { type TestClient, v1Client, v2Client } from '../clients.ts'

export type Era = 'legacy' | 'modern'

/** Where a client finds the gateway: a URL with its credentials, or a program to start. */
export type Way =
  | { readonly url: URL; readonly headers: Record<string, string> }
  | { readonly command: string; readonly args: string[]; readonly cwd: string; readonly env: Record<string, string> }

export interface Asked extends TestClient {
  /** The questions that it was asked, which it answered with its name. */
  readonly questions: JsonObject[]
  /** The progress that came over the wire, without its token, whatever the SDK made of it. */
  readonly progress: JsonObject[]
}

const INFO = { name: 'matrix', version: '1.0.0' }
const CAPABILITIES = { elicitation: { form: {} } }
export const ANSWER = { action: 'accept' as const, content: { name: 'Ann' } }

/** A real client of either era that answers questions. */
export const connect = (era: Era, way: Way): Promise<Asked> => (era === 'modern' ? modern(way) : legacy(way))

async function modern(way: Way): Promise<Asked> {
  const client = new ModernClient(INFO, { capabilities: CAPABILITIES, versionNegotiation: { mode: 'auto' } })
  const questions: JsonObject[] = []
  client.setRequestHandler('elicitation/create', ({ params }) => {
    questions.push(params as JsonObject)
    return ANSWER
  })
  const transport =
    'url' in way
      ? new StreamableHTTPClientTransport(way.url, { requestInit: { headers: way.headers } })
      : new StdioClientTransport({ ...way, stderr: 'ignore' })
  await client.connect(transport)
  return { ...v2Client(client, 'modern'), questions, progress: overheard(transport) }
}

async function legacy(way: Way): Promise<Asked> {
  const client = new LegacyClient(INFO, { capabilities: CAPABILITIES })
  const questions: JsonObject[] = []
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => {
    questions.push(params as JsonObject)
    return ANSWER
  })
  const transport =
    'url' in way
      ? new LegacyHttpTransport(way.url, { requestInit: { headers: way.headers } })
      : new LegacyStdioTransport({ ...way, stderr: 'ignore' })
  await client.connect(transport)
  return { ...v1Client(client), questions, progress: overheard(transport) }
}

interface Wire<M> {
  onmessage?: ((message: M, ...more: never[]) => void) | undefined
}

function overheard<M extends object>(wire: Wire<M>): JsonObject[] {
  const progress: JsonObject[] = []
  const { onmessage: take } = wire
  const onmessage: Wire<M>['onmessage'] = (message, ...more) => {
    if ('method' in message && message.method === 'notifications/progress' && 'params' in message) {
      const { progressToken: _token, ...params } = message.params as JsonObject
      progress.push(params)
    }
    take?.(message, ...more)
  }
  Object.assign(wire, { onmessage })
  return progress
}
