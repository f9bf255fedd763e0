// A downstream MCP server that is as quick as Node allows: both eras, JSON answers, N tools of about 1 kB.
// Usage: node downstream.mjs <number of tools> [<number of ports> | stdio]. Over HTTP it prints its URLs as the first line.
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'

const count = Number(process.argv[2] ?? 10)
const serverInfo = { name: 'bench-downstream', version: '1.0.0' }
const capabilities = { tools: {} }
const properties = Object.fromEntries(
  Array.from({ length: 6 }, (_, index) => [
    `field_${index}`,
    {
      type: 'string',
      description: `Field ${index} of the record, such as "value-${index}". Leave it out to keep what is there.`,
    },
  ]),
)
const tools = Array.from({ length: count }, (_, index) => ({
  name: index === 0 ? 'echo' : `update_record_${index}`,
  description: `Updates record ${index} of the bench and returns it as it is afterwards.`,
  inputSchema: { type: 'object', properties: { text: { type: 'string' }, ...properties } },
}))
const list = JSON.stringify(tools)
const modern = '"resultType":"complete",'

const answers = {
  initialize: ({ params }) => JSON.stringify({ protocolVersion: params.protocolVersion, capabilities, serverInfo }),
  ping: () => '{}',
  'server/discover': () =>
    `{${modern}"supportedVersions":["2026-07-28"],"capabilities":${JSON.stringify(capabilities)},"ttlMs":60000,"cacheScope":"private","_meta":{"io.modelcontextprotocol/serverInfo":${JSON.stringify(serverInfo)}}}`,
  'tools/list': ({ isModern }) =>
    isModern ? `{${modern}"ttlMs":60000,"cacheScope":"private","tools":${list}}` : `{"tools":${list}}`,
  'tools/call': ({ params, isModern }) =>
    `{${isModern ? modern : ''}"content":[{"type":"text","text":${JSON.stringify(String(params.arguments?.text ?? ''))}}]}`,
}

const isModern = ({ params }) => params?._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined

/** The answer's text; undefined for what gets none. */
function answerTo(message) {
  if (message.id === undefined) return undefined
  const answer = answers[message.method]
  const id = JSON.stringify(message.id)
  return answer
    ? `{"jsonrpc":"2.0","id":${id},"result":${answer({ params: message.params, isModern: isModern(message) })}}`
    : `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"Method not found"}}`
}

const serve = () =>
  createServer((request, response) => {
    if (request.method !== 'POST') {
      response.writeHead(405).end()
      return
    }
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString())
      const body = answerTo(message)
      if (body === undefined) {
        response.writeHead(202).end()
        return
      }
      const session = message.method === 'initialize' ? { 'mcp-session-id': randomUUID() } : {}
      response.writeHead(answers[message.method] || !isModern(message) ? 200 : 404, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...session,
      })
      response.end(body)
    })
  })

async function listen() {
  const server = serve()
  server.keepAliveTimeout = 60_000
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}/mcp`
}

if (process.argv[3] === 'stdio') {
  createInterface({ input: process.stdin }).on('line', (line) => {
    const body = answerTo(JSON.parse(line))
    if (body !== undefined) process.stdout.write(`${body}\n`)
  })
} else {
  const urls = await Promise.all(Array.from({ length: Number(process.argv[3] ?? 1) }, listen))
  console.log(urls.join(' '))
}
