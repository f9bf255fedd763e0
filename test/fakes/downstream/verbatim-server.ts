import type { IncomingMessage, ServerResponse } from 'node:http'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { answering, type HttpFake } from './http-servers.ts'

type Eras = 'legacy' | 'modern' | 'dual'

/** What a server answers, member for member: nothing stands between these values and the wire but `JSON.stringify`. */
export interface Verbatim {
  readonly lists: {
    readonly tools: readonly JsonObject[]
    readonly resources: readonly JsonObject[]
    readonly resourceTemplates: readonly JsonObject[]
    readonly prompts: readonly JsonObject[]
  }
  /** The results of `tools/call`, `resources/read` and `prompts/get`. */
  readonly results: Record<string, JsonObject>
}

const MODERN = '2026-07-28'
const METHOD_NOT_FOUND = { code: -32_601, message: 'Method not found' }
const INFO = { name: 'verbatim', version: '1.0.0' }
const CAPABILITIES = { tools: {}, resources: {}, prompts: {} }
const MEMBERS: Readonly<Record<string, keyof Verbatim['lists']>> = {
  'tools/list': 'tools',
  'resources/list': 'resources',
  'resources/templates/list': 'resourceTemplates',
  'prompts/list': 'prompts',
}

/** A server over Streamable HTTP without any SDK in it, so that what it sends is what a test says. */
export const verbatimServer = (eras: Eras, content: Verbatim): Promise<HttpFake> =>
  answering((request, response) => void serve(request, response, eras, content))

async function serve(request: IncomingMessage, response: ServerResponse, eras: Eras, content: Verbatim): Promise<void> {
  const era = request.headers['mcp-protocol-version'] === MODERN ? 'modern' : 'legacy'
  if (request.method !== 'POST') return void response.writeHead(405).end()
  const chunks: Uint8Array[] = []
  for await (const chunk of request) chunks.push(chunk as Uint8Array)
  const { id, method } = JSON.parse(Buffer.concat(chunks).toString()) as { id?: unknown; method: string }
  if (id === undefined) return void response.writeHead(202).end()
  const result = eras === 'dual' || eras === era ? resultOf(era, method, content) : undefined
  const answer = result ? { result } : { error: METHOD_NOT_FOUND }
  response.writeHead(result || era === 'legacy' ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify({ jsonrpc: '2.0', id, ...answer }))
}

function resultOf(era: 'legacy' | 'modern', method: string, { lists, results }: Verbatim): JsonObject | undefined {
  const member = MEMBERS[method]
  const result = member === undefined ? (results[method] ?? greeting(method)) : { [member]: lists[member] }
  if (era === 'legacy' || !result) return result
  const hints = member !== undefined || method === 'resources/read' ? { ttlMs: 1_000, cacheScope: 'public' } : {}
  return { ...result, ...hints, resultType: 'complete' }
}

function greeting(method: string): JsonObject | undefined {
  switch (method) {
    case 'initialize':
      return { protocolVersion: '2025-11-25', capabilities: CAPABILITIES, serverInfo: INFO }
    case 'server/discover':
      return {
        supportedVersions: [MODERN],
        capabilities: CAPABILITIES,
        serverInfo: INFO,
        ttlMs: 0,
        cacheScope: 'public',
      }
    case 'ping':
      return {}
    default:
      return undefined
  }
}
