// A downstream MCP server with as many tools as its argument says, for lists that no model can read.
import { createInterface } from 'node:readline'

const VERBS = ['list', 'get', 'create', 'update', 'delete', 'search', 'archive', 'export']
const NOUNS = ['invoice', 'shipment', 'contract', 'ticket', 'asset', 'survey', 'campaign', 'vehicle', 'permit', 'lease']
const count = Number(process.argv[2] ?? 3000)

const tools = Array.from({ length: count }, (_, n) => {
  const verb = VERBS[n % VERBS.length]
  const noun = NOUNS[Math.floor(n / VERBS.length) % NOUNS.length]
  const area = Math.floor(n / (VERBS.length * NOUNS.length))
  return {
    name: `${verb}_${noun}_${area}`,
    description: `${verb} the ${noun} of region${area}.`,
    inputSchema: {
      type: 'object',
      properties: { id: { type: 'string', description: 'Which one.' } },
      required: ['id'],
    },
    annotations: {
      readOnlyHint: ['list', 'get', 'search', 'export'].includes(verb),
      destructiveHint: verb === 'delete',
    },
  }
})

const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'many-tools', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools }),
  'tools/call': ({ name, arguments: input }) => ({
    content: [{ type: 'text', text: `${name} ${JSON.stringify(input)}` }],
  }),
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line)
  if (id === undefined) return
  const answer = answers[method]
  const reply = answer ? { result: answer(params) } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`)
})
