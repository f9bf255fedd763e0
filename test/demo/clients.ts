import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client'
import { Client as LegacyClient } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as LegacyTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Era } from './calls.ts'

const INFO = { name: 'demo-assistant', version: '1.0.0' }

/** What an agent gets back: the words of the result, or of the refusal. */
export interface Answer {
  readonly text: string
  readonly isError: boolean
}

/** A real MCP client, as far as the demo needs it. */
export interface DemoClient {
  tools(): Promise<number>
  call(tool: string, input: JsonObject): Promise<Answer>
  close(): Promise<void>
}

/** Connects the official client of the era over Streamable HTTP. */
export async function connect(era: Era, url: string, key: string): Promise<DemoClient> {
  const requestInit = { headers: { authorization: `Bearer ${key}` } }
  if (era === 'modern') {
    const client = new ModernClient(INFO, { versionNegotiation: { mode: 'auto' } })
    await client.connect(new ModernTransport(new URL(url), { requestInit }))
    return toDemoClient(client)
  }
  const client = new LegacyClient(INFO)
  await client.connect(new LegacyTransport(new URL(url), { requestInit }))
  return toDemoClient(client)
}

interface Caller {
  listTools(): Promise<{ readonly tools: readonly unknown[] }>
  callTool(params: { name: string; arguments: Record<string, unknown> }): Promise<object>
  close(): Promise<void>
}

const toDemoClient = (client: Caller): DemoClient => ({
  tools: async () => (await client.listTools()).tools.length,
  async call(tool, input) {
    try {
      return toAnswer(await client.callTool({ name: tool, arguments: { ...input } }))
    } catch (error) {
      return { text: error instanceof Error ? error.message : String(error), isError: true }
    }
  },
  close: () => client.close(),
})

function toAnswer(result: object): Answer {
  const { content, isError } = result as { content?: readonly { readonly text?: string }[]; isError?: boolean }
  return { text: (content ?? []).map((block) => block.text ?? '').join('\n'), isError: isError === true }
}
