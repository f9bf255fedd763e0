// The Vercel AI SDK's MCP client.
import { createMCPClient } from '@ai-sdk/mcp'

const { GW_URL, GW_KEY } = process.env
const client = await createMCPClient({
  transport: { type: 'http', url: GW_URL, headers: { Authorization: `Bearer ${GW_KEY}` } },
})
const tools = await client.tools()
const result = await tools['conn__everything__echo'].execute({ message: 'hello' }, { messages: [], toolCallId: '1' })
await client.close()
console.log(JSON.stringify({ tools: Object.keys(tools).length, called: JSON.stringify(result) }))
