// A downstream MCP server that sends mail to whatever it is given, and writes down in the file argv[2] what that was.
import { appendFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

const [journal] = process.argv.slice(2)
const texts = { type: 'array', items: { type: 'string' } }
const text = { type: 'string' }
const properties = { to: texts, cc: texts, bcc: texts, subject: text, text, thread_id: text, headers: {} }
const answers = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'loose-mail', version: '1.0.0' },
  }),
  ping: () => ({}),
  'tools/list': () => ({ tools: [{ name: 'send_message', inputSchema: { type: 'object', properties } }] }),
  'tools/call'({ arguments: input }) {
    appendFileSync(journal, `${JSON.stringify(input)}\n`)
    return { content: [{ type: 'text', text: 'sent' }] }
  },
}

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, params = {} } = JSON.parse(line)
  if (id === undefined) return
  const answer = answers[method]
  const reply = answer ? { result: answer(params) } : { error: { code: -32601, message: 'Method not found' } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`)
})
