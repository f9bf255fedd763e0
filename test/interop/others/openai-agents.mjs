// The OpenAI Agents SDK.
import { MCPServerStreamableHttp } from '@openai/agents'

const { GW_URL, GW_KEY } = process.env
const server = new MCPServerStreamableHttp({
  url: GW_URL,
  name: 'gatehouse',
  requestInit: { headers: { Authorization: `Bearer ${GW_KEY}` } },
})
await server.connect()
const tools = await server.listTools()
const result = await server.callTool('conn__everything__echo', { message: 'hello' })
await server.close()
console.log(JSON.stringify({ tools: tools.length, called: JSON.stringify(result) }))
