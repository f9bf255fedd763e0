import { Pool, request } from 'undici'
import { isJsonObject, type JsonObject } from '../../../src/kernel/json.ts'

export type Era = 'legacy' | 'modern'

/** One request: a call of a tool, or the list of all tools where there is no connection. */
export interface Question {
  readonly connection: string | undefined
  readonly tool: string
  /** Nobody else says this text. */
  readonly text: string
}

/**
 * `kind`: `ok`; the code of a failure that the gateway tells of; `wrong` for another's answer, or what cannot be read;
 * `unanswered` when there was none.
 */
export interface Outcome {
  readonly kind: string
  readonly detail?: string
}

/** One agent, speaking one era over plain HTTP. */
export interface Caller {
  ask(question: Question): Promise<Outcome>
  close(): Promise<unknown>
}

const VERSIONS = { modern: '2026-07-28', legacy: '2025-11-25' } as const
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSIONS.modern,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'soak', version: '1' },
}
const CODE = 'dev.gatehouse/code'

/** Calls that hang take connections of their own, so that the others never wait for one here. */
export async function openCaller(url: string, key: string, era: Era): Promise<Caller> {
  const { origin, pathname: path } = new URL(url)
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    authorization: `Bearer ${key}`,
    'mcp-protocol-version': VERSIONS[era],
  }
  if (era === 'legacy') headers['mcp-session-id'] = await openSession(url, headers)
  const pool = new Pool(origin, { pipelining: 1, headersTimeout: 120_000, bodyTimeout: 120_000 })
  let nextId = 1
  return {
    async ask(question) {
      const id = nextId++
      const { method, params } = toRequest(question)
      const own = era === 'modern' ? { 'mcp-method': method, ...('name' in params && { 'mcp-name': params.name }) } : {}
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id,
        method,
        params: era === 'modern' ? { ...params, _meta: META } : params,
      })
      try {
        const response = await pool.request({ path, method: 'POST', headers: { ...headers, ...own }, body })
        return judge(await response.body.text(), { status: response.statusCode, id, question })
      } catch (error) {
        return { kind: 'unanswered', detail: String(error) }
      }
    },
    close: () => pool.close(),
  }
}

function toRequest({ connection, tool, text }: Question) {
  if (connection === undefined) return { method: 'tools/list', params: {} }
  const name = `conn__${connection.replaceAll('-', '_')}__${tool}`
  return { method: 'tools/call', params: { name, arguments: { text } } }
}

interface Asked {
  readonly status: number
  readonly id: number
  readonly question: Question
}

function judge(text: string, { status, id, question }: Asked): Outcome {
  const answer = parsed(text)
  if (status !== 200 || !answer) return wrong(`HTTP ${status} ${text}`)
  if (answer['id'] !== id) return wrong(`the id is ${JSON.stringify(answer['id'])}, not ${id}`)
  const { result } = answer
  if (!isJsonObject(result)) return wrong(text)
  const { content, isError, _meta: meta, tools } = result
  if (isError === true && isJsonObject(meta) && typeof meta[CODE] === 'string')
    return { kind: meta[CODE], detail: text }
  if (question.connection === undefined) return Array.isArray(tools) && tools.length > 0 ? OK : wrong(text)
  const [said] = Array.isArray(content) ? content : []
  const own = `${question.connection} ${question.text}`
  return isError !== true && isJsonObject(said) && said['text'] === own ? OK : wrong(`not "${own}" but ${text}`)
}

const OK: Outcome = { kind: 'ok' }
const wrong = (detail: string): Outcome => ({ kind: 'wrong', detail: detail.slice(0, 300) })

/** The JSON object of an answer, as body or as the last event of a stream. */
function parsed(text: string): JsonObject | undefined {
  const events = text.startsWith('{') ? [text] : [...text.matchAll(/^data: ?(.+)$/gm)].map(([, data = '']) => data)
  try {
    const answer: unknown = JSON.parse(events.at(-1) ?? '')
    return isJsonObject(answer) ? answer : undefined
  } catch {
    return undefined
  }
}

async function openSession(url: string, headers: Readonly<Record<string, string>>): Promise<string> {
  const { 'mcp-protocol-version': protocolVersion, ...others } = headers
  const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'soak', version: '1' } }
  const post = async (body: object, more: Readonly<Record<string, string>>) => {
    const response = await request(url, { method: 'POST', headers: { ...others, ...more }, body: JSON.stringify(body) })
    const text = await response.body.text()
    if (response.statusCode >= 300) throw new Error(`No session: HTTP ${response.statusCode} ${text.slice(0, 300)}`)
    return String(response.headers['mcp-session-id'])
  }
  const session = await post({ jsonrpc: '2.0', id: 0, method: 'initialize', params }, {})
  await post({ jsonrpc: '2.0', method: 'notifications/initialized' }, { ...headers, 'mcp-session-id': session })
  return session
}
