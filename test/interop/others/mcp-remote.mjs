// mcp-remote as a stdio bridge, driven by the MCP SDK's stdio client that it brings along.
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'

const { GW_URL, GW_KEY, PATH, HOME } = process.env
const client = new Client({ name: 'interop', version: '1.0.0' })
await client.connect(
  new StdioClientTransport({
    command: 'node',
    args: [
      'node_modules/mcp-remote/dist/proxy.js',
      GW_URL,
      '--allow-http',
      '--header',
      `Authorization: Bearer ${GW_KEY}`,
    ],
    env: { PATH, HOME },
    stderr: 'ignore',
  }),
)
const { tools } = await client.listTools()
const result = await client.callTool({ name: 'conn__everything__echo', arguments: { message: 'hello' } })
await client.close()
console.log(JSON.stringify({ tools: tools.length, called: JSON.stringify(result) }))
