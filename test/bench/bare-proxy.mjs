// What Node can do at best: node:http in front, an undici pool behind, nothing looked at.
// Prints its URL as the first line. Usage: node bare-proxy.mjs <url of the server>
import { createServer } from 'node:http'
import { Pool } from 'undici'

const target = new URL(process.argv[2] ?? '')
const pool = new Pool(target.origin, { connections: 128, pipelining: 1 })
const HOP = ['host', 'connection', 'content-length', 'keep-alive', 'transfer-encoding']

async function pass({ method, headers: asked }, body, response) {
  const headers = { ...asked }
  for (const name of HOP) delete headers[name]
  const answer = await pool.request({ path: target.pathname, method, headers, body })
  const bytes = Buffer.from(await answer.body.arrayBuffer())
  const told = { ...answer.headers, 'content-length': bytes.length }
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete told[name]
  response.writeHead(answer.statusCode, told)
  response.end(bytes)
}

const server = createServer((request, response) => {
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => void pass(request, Buffer.concat(chunks), response))
})
server.keepAliveTimeout = 60_000
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}${target.pathname}`))
