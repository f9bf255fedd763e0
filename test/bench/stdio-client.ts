import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { EVERYTHING } from './processes.ts'
import type { Sender, ToolCall } from './requests.ts'

/** The reference server over stdio, called as a client calls it that has started it itself. */
export async function stdioCaller(call: ToolCall): Promise<Sender> {
  const client = new Client({ name: 'bench', version: '1' })
  await client.connect(
    new StdioClientTransport({ command: process.execPath, args: [EVERYTHING, 'stdio'], stderr: 'ignore' }),
  )
  return { send: () => client.callTool({ ...call }), close: () => client.close() }
}
