// A downstream server of the modern era for the soak.
import { Server } from '@modelcontextprotocol/server'
import { answered, echoed, OFFER, progressOf, questionOf, read } from './offer.mjs'

export function modernServer() {
  const server = new Server({ name: 'soak-modern', version: '1' }, { capabilities: OFFER.capabilities })
  const tools = {
    echo: ({ canary, n }) => echoed(canary, n),
    async progress({ canary, n }, { mcpReq }) {
      const { progressToken } = mcpReq._meta ?? {}
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, ...progressOf(canary) } })
      return echoed(canary, n)
    },
    ask({ canary, n }, { mcpReq }) {
      const { who } = mcpReq.inputResponses ?? {}
      if (who) return answered(canary, n, who.content)
      const inputRequests = { who: { method: 'elicitation/create', params: questionOf(canary) } }
      return { resultType: 'input_required', inputRequests, requestState: `state of ${canary}` }
    },
  }
  server.setRequestHandler('tools/list', () => ({ tools: OFFER.tools }))
  server.setRequestHandler('resources/list', () => ({ resources: [] }))
  server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: OFFER.resourceTemplates }))
  server.setRequestHandler('resources/read', ({ params }) => read(params.uri))
  server.setRequestHandler('tools/call', ({ params }, context) => tools[params.name](params.arguments, context))
  return server
}
