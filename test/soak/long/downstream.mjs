// Downstream MCP servers of the long soak, quick and of one era. Every answer names the server that made it.
// Usage: node downstream.mjs <JSON: an array of { name, era, port }>  or  { name, pidFile } for one legacy server over stdio.
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'

const inputSchema = { type: 'object', properties: { text: { type: 'string' } } }
const tools = JSON.stringify(
  ['echo', 'note', 'look'].map((name) => ({ name, description: `The tool ${name} of the soak.`, inputSchema })),
)
const capabilities = JSON.stringify({ tools: {} })
const MODERN = '"resultType":"complete",'
const KEPT = `${MODERN}"ttlMs":60000,"cacheScope":"private",`

const legacyAnswers = {
  initialize: (name, { protocolVersion }) =>
    `{"protocolVersion":${JSON.stringify(protocolVersion)},"capabilities":${capabilities},"serverInfo":{"name":"${name}","version":"1"}}`,
  ping: () => '{}',
  'tools/list': () => `{"tools":${tools}}`,
  'tools/call': (name, params) => `{${contentOf(name, params)}}`,
}

const modernAnswers = {
  'server/discover': (name) =>
    `{${KEPT}"supportedVersions":["2026-07-28"],"capabilities":${capabilities},"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"${name}","version":"1"}}}`,
  'tools/list': () => `{${KEPT}"tools":${tools}}`,
  'tools/call': (name, params) => `{${MODERN}${contentOf(name, params)}}`,
}

const contentOf = (name, { arguments: input }) =>
  `"content":[{"type":"text","text":${JSON.stringify(`${name} ${String(input?.text)}`)}}]`

/** Status and text of the answer to a message; no text for a notification. */
function answerTo({ name, era }, { id, method, params = {} }) {
  if (id === undefined) return { status: 202 }
  const answer = (era === 'modern' ? modernAnswers : legacyAnswers)[method]
  const head = `{"jsonrpc":"2.0","id":${JSON.stringify(id)}`
  if (!answer) return { status: 404, text: `${head},"error":{"code":-32601,"message":"Method not found"}}` }
  return { status: 200, text: `${head},"result":${answer(name, params)}}` }
}

/** A legacy server has sessions, and with its process they are forgotten. */
function serve(server) {
  const sessions = new Set()
  const refused = ({ method }, session) =>
    server.era === 'legacy' && method !== 'initialize' && !sessions.has(session)
      ? {
          status: session === undefined ? 400 : 404,
          text: '{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"No such session"}}',
        }
      : undefined
  return createServer((request, response) => {
    if (request.method !== 'POST') {
      sessions.delete(request.method === 'DELETE' ? request.headers['mcp-session-id'] : undefined)
      response.writeHead(405).end()
      return
    }
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const message = JSON.parse(Buffer.concat(chunks).toString())
      const { status, text } = refused(message, request.headers['mcp-session-id']) ?? answerTo(server, message)
      const headers = { 'content-type': 'application/json' }
      if (message.method === 'initialize' && status === 200) {
        headers['mcp-session-id'] = randomUUID()
        sessions.add(headers['mcp-session-id'])
      }
      if (text === undefined) response.writeHead(status).end()
      else response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text)
    })
  })
}

async function listen(server) {
  const listening = serve(server)
  listening.keepAliveTimeout = 60_000
  await new Promise((resolve) => listening.listen(server.port, '127.0.0.1', resolve))
}

const given = JSON.parse(process.argv[2] ?? '[]')
if (Array.isArray(given)) {
  await Promise.all(given.map(listen))
  console.log('listening')
} else {
  writeFileSync(given.pidFile, String(process.pid))
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { text } = answerTo({ ...given, era: 'legacy' }, JSON.parse(line))
    if (text !== undefined) process.stdout.write(`${text}\n`)
  })
}
