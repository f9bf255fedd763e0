import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js'
import type { Sender, ToolCall } from './requests.ts'

/** Calls over the transport of 2024-11-05, which some gateways have alone; the SDK's client is measured along. */
export async function sseCaller(url: string, calls: readonly ToolCall[]): Promise<Sender> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(new SSEClientTransport(new URL(url)))
  let turn = 0
  return {
    async send() {
      const call = calls[turn++ % calls.length]
      const answer = call && (await client.callTool({ ...call }))
      if (!answer || answer['isError'] === true)
        throw new Error(`${url} failed: ${JSON.stringify(answer).slice(0, 300)}`)
    },
    close: () => client.close(),
  }
}
