// LangChain's MCP adapters.
import { MultiServerMCPClient } from '@langchain/mcp-adapters'

const { GW_URL, GW_KEY } = process.env
const client = new MultiServerMCPClient({
  mcpServers: { gatehouse: { transport: 'http', url: GW_URL, headers: { Authorization: `Bearer ${GW_KEY}` } } },
})
const tools = await client.getTools()
const result = await tools.find(({ name }) => name === 'conn__everything__echo').invoke({ message: 'hello' })
await client.close()
console.log(JSON.stringify({ tools: tools.length, called: JSON.stringify(result) }))
