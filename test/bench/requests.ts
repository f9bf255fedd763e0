import { request } from 'undici'
import type { Target } from './load.ts'

export type Era = 'legacy' | 'modern'

const MODERN = '2026-07-28'
const LEGACY = '2025-11-25'

/** A JSON-RPC request body of the era. */
export function body(era: Era, method: string, params: Readonly<Record<string, unknown>> = {}): string {
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientCapabilities': {},
    'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  }
  return JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method,
    params: era === 'modern' ? { ...params, _meta: envelope } : params,
  })
}

/** The headers that a client of the era sends with a method; a legacy session is opened first. */
export async function target(
  name: string,
  url: string,
  {
    era,
    method,
    tool,
    authorization,
  }: { readonly era: Era; readonly method: string; readonly tool?: string; readonly authorization?: string },
): Promise<Target> {
  const auth = authorization === undefined ? {} : { authorization }
  if (era === 'modern') {
    const headers = {
      ...auth,
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...(tool !== undefined && { 'mcp-name': tool }),
    }
    return { name, url, headers }
  }
  const session = await openSession(url, auth)
  return {
    name,
    url,
    headers: { ...auth, 'mcp-protocol-version': LEGACY, ...(session !== undefined && { 'mcp-session-id': session }) },
  }
}

async function openSession(url: string, auth: Readonly<Record<string, string>>): Promise<string | undefined> {
  const headers = { ...auth, 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const params = { protocolVersion: LEGACY, capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
  const opened = await request(url, { method: 'POST', headers, body: body('legacy', 'initialize', params) })
  await opened.body.text()
  const session = opened.headers['mcp-session-id']
  const id = typeof session === 'string' ? session : undefined
  const initialized = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })
  const told = await request(url, {
    method: 'POST',
    headers: { ...headers, 'mcp-protocol-version': LEGACY, ...(id !== undefined && { 'mcp-session-id': id }) },
    body: initialized,
  })
  await told.body.text()
  return id
}
