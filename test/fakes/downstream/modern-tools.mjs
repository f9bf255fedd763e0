// The tools of the modern fixture, for stdio and HTTP.
import { Server } from '@modelcontextprotocol/server'

const object = (properties) => ({ type: 'object', properties })
const tools = () => [
  { name: 'echo', inputSchema: object({ region: { type: 'string', 'x-mcp-header': 'Region' } }), 'x-vendor': true },
  { name: 'bad_header', inputSchema: object({ n: { type: 'number', 'x-mcp-header': 'N' } }) },
  { name: 'slow', inputSchema: object({}) },
  { name: 'hang', inputSchema: object({}) },
  { name: 'ask', inputSchema: object({}) },
  { name: 'grow', inputSchema: object({}) },
]

/** `state.extra` grows the list; `state.changed()` tells the listeners; `state.aborted` counts cancelled calls. */
export function modernServer(state = { extra: [], aborted: 0 }) {
  const server = new Server(
    { name: 'modern-fixture', version: '1.0.0' },
    { capabilities: { tools: { listChanged: true }, logging: {} } },
  )
  server.setRequestHandler('tools/list', () => ({ tools: [...tools(), ...state.extra] }))
  server.setRequestHandler('tools/call', async ({ params }, ctx) => {
    switch (params.name) {
      case 'slow':
        for (const progress of [1, 2]) {
          await ctx.mcpReq.notify({
            method: 'notifications/progress',
            params: { progressToken: ctx.mcpReq._meta?.progressToken, progress, total: 2 },
          })
        }
        return { content: [{ type: 'text', text: 'done' }] }
      case 'hang':
        await new Promise((resolve) => ctx.mcpReq.signal.addEventListener('abort', resolve))
        state.aborted += 1
        return { content: [] }
      case 'ask':
        return { resultType: 'input_required', inputRequests: {}, requestState: 'opaque' }
      case 'grow':
        state.extra.push({ name: `extra_${state.extra.length}`, inputSchema: object({}) })
        if (state.changed) state.changed()
        else await server.sendToolListChanged()
        return { content: [{ type: 'text', text: 'grown' }] }
      default:
        return {
          content: [{ type: 'text', text: JSON.stringify(params.arguments ?? {}) }],
          structuredContent: { meta: ctx.mcpReq._meta ?? {} },
          'x-result': true,
        }
    }
  })
  return server
}
