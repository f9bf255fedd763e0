// A downstream MCP server of the legacy era over stdio that breaks rules. argv[2] names the manner:
// nosy | dies-in-initialize | late | swapped | nagging | forgets-ids | chatty
import { createInterface } from 'node:readline'

const [manner] = process.argv.slice(2)
const write = (message) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
const text = (value) => ({ content: [{ type: 'text', text: value }] })
const tools = ['call', 'die', 'answers'].map((name) => ({ name, inputSchema: { type: 'object' } }))
const answers = []
let held

const calls = {
  // The result, and then progress of what is over.
  late({ id, params }) {
    write({ id, result: text('done') })
    const { progressToken } = params._meta ?? {}
    write({ method: 'notifications/progress', params: { progressToken, progress: 9 } })
  },
  // Two calls are answered in the other order.
  swapped(call) {
    if (!held) {
      held = call
      return
    }
    write({ id: call.id, result: text(call.params.arguments.n) })
    write({ id: held.id, result: text(held.params.arguments.n) })
    held = undefined
  },
  // Requests that no client of this call can serve, and one that nobody can.
  nagging({ id }) {
    for (const method of ['tasks/get', 'roots/list', 'sampling/createMessage', 'made/up', 'ping']) {
      write({ id: `nag ${method}`, method, params: { messages: [], maxTokens: 1 } })
    }
    held = id
  },
  // Answers to questions that nobody asked, and the answer twice.
  'forgets-ids'({ id }) {
    write({ id: 987_654, result: text('for nobody') })
    write({ id: 'a string', error: { code: 1, message: 'for nobody' } })
    write({ id, result: text('first') })
    write({ id, result: text('second') })
  },
  chatty({ id }) {
    for (const params of [null, [], 'x', { level: 3 }]) write({ method: 'notifications/message', params })
    write({ method: 'notifications/resources/updated', params: { uri: 7 } })
    write({ method: 'notifications/made/up' })
    write({ id, result: text('calm') })
  },
}

function answer(message) {
  const { id, method, params } = message
  if (method === undefined) {
    answers.push({ id, error: message.error?.code, result: message.result })
    if (held !== undefined && answers.length === 5) write({ id: held, result: text(JSON.stringify(answers)) })
    return
  }
  if (method === 'notifications/initialized' && manner === 'nosy') write({ id: 'nosy', method: 'roots/list' })
  if (id === undefined) return
  if (method === 'initialize' && manner === 'dies-in-initialize') process.exit(4)
  if (method === 'initialize') {
    const capabilities = { tools: {} }
    write({ id, result: { protocolVersion: '2025-06-18', capabilities, serverInfo: { name: 'unruly', version: '1' } } })
  } else if (method === 'tools/list') write({ id, result: { tools } })
  else if (method !== 'tools/call') write({ id, error: { code: -32601, message: 'Method not found' } })
  else if (params.name === 'die') process.exit(5)
  else if (params.name === 'answers') write({ id, result: text(JSON.stringify(answers)) })
  else calls[manner](message)
}

createInterface({ input: process.stdin }).on('line', (line) => answer(JSON.parse(line)))
