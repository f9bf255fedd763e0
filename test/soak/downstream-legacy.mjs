// A downstream server of the legacy era for the soak. Run by itself it speaks stdio.
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import * as schemas from '@modelcontextprotocol/sdk/types.js'
import { answered, echoed, OFFER, progressOf, questionOf, read } from './offer.mjs'

export function legacyServer() {
  const server = new Server({ name: 'soak-legacy', version: '1' }, { capabilities: OFFER.capabilities })
  const tools = {
    echo: ({ canary, n }) => echoed(canary, n),
    async progress({ canary, n }, extra) {
      const { progressToken } = extra._meta ?? {}
      const params = { progressToken, ...progressOf(canary) }
      await extra.sendNotification({ method: 'notifications/progress', params })
      return echoed(canary, n)
    },
    async ask({ canary, n }, extra) {
      const question = { method: 'elicitation/create', params: questionOf(canary) }
      const { content } = await extra.sendRequest(question, schemas.ElicitResultSchema)
      return answered(canary, n, content)
    },
  }
  server.setRequestHandler(schemas.ListToolsRequestSchema, () => ({ tools: OFFER.tools }))
  server.setRequestHandler(schemas.ListResourcesRequestSchema, () => ({ resources: [] }))
  server.setRequestHandler(schemas.ListResourceTemplatesRequestSchema, () => ({ resourceTemplates: [] }))
  server.setRequestHandler(schemas.ReadResourceRequestSchema, ({ params }) => read(params.uri))
  server.setRequestHandler(schemas.CallToolRequestSchema, ({ params }, extra) =>
    tools[params.name](params.arguments, extra),
  )
  return server
}

if (process.argv[1] === import.meta.filename) await legacyServer().connect(new StdioServerTransport())
