// A downstream MCP server that is as quick as Node allows: Streamable HTTP, both eras, JSON answers, N tools of about 1 kB.
// Prints its URL as the first line. Usage: node downstream.mjs <number of tools>
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'

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

const server = createServer((request, response) => {
  if (request.method !== 'POST') {
    response.writeHead(405).end()
    return
  }
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const message = JSON.parse(Buffer.concat(chunks).toString())
    if (message.id === undefined) {
      response.writeHead(202).end()
      return
    }
    const isModern = message.params?._meta?.['io.modelcontextprotocol/protocolVersion'] !== undefined
    const answer = answers[message.method]
    const id = JSON.stringify(message.id)
    const body = answer
      ? `{"jsonrpc":"2.0","id":${id},"result":${answer({ params: message.params, isModern })}}`
      : `{"jsonrpc":"2.0","id":${id},"error":{"code":-32601,"message":"Method not found"}}`
    const session = message.method === 'initialize' ? { 'mcp-session-id': randomUUID() } : {}
    response.writeHead(answer || !isModern ? 200 : 404, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...session,
    })
    response.end(body)
  })
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}/mcp`))
