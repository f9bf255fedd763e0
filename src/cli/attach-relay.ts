import { GatewayError } from '../kernel/errors.ts'
import { type Json, type JsonObject, isJsonObject } from '../kernel/json.ts'
import type { Link } from './attach-link.ts'
import { serverSentEvents } from './sse.ts'

export interface RelayTarget {
  readonly link: Pick<Link, 'opened' | 'schemas'>
  readonly write: (message: Json) => void
}

/** Hands every message of a response on, and throws when a request ends without its answer. */
export async function relay({ link, write }: RelayTarget, response: Response, request: JsonObject): Promise<void> {
  let isOpen = request['id'] !== undefined && typeof request['method'] === 'string'
  for await (const message of messagesOf(response)) {
    const answer = isOpen ? asAnswer(message, request) : undefined
    if (answer) {
      isOpen = false
      notice(link, response, request, answer)
    }
    write(answer ?? message)
  }
  if (isOpen) throw unanswered('The gateway ended the answer before its result. It may have been stopped; try again.')
}

/** The JSON-RPC messages of a response, whichever form it has. Throws when it is neither empty nor JSON-RPC. */
export async function* messagesOf(response: Response): AsyncGenerator<JsonObject> {
  const type = response.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream') && response.body) {
    for await (const { data } of serverSentEvents(response.body)) yield* rpcMessages(fromJson(data))
    return
  }
  const text = await response.text()
  if (text === '' && response.ok) return
  const body = fromJson(text)
  const messages = rpcMessages(body)
  if (messages.length === 0) throw unanswered(problemOf(body, response.status))
  yield* messages
}

const rpcMessages = (body: unknown): readonly JsonObject[] =>
  (Array.isArray(body) ? body : [body]).filter(
    (part): part is JsonObject => isJsonObject(part) && part['jsonrpc'] === '2.0',
  )

/** An error without an id answers the request that was posted: the server could not read its id, but we know it. */
function asAnswer(message: JsonObject, { id }: JsonObject): JsonObject | undefined {
  if (message['method'] !== undefined) return undefined
  if (message['id'] === id) return message
  return message['error'] !== undefined && (message['id'] ?? undefined) === undefined ? { ...message, id } : undefined
}

/** Keeps what later requests need: the session of a legacy client, the schemas of tools. */
function notice(link: RelayTarget['link'], response: Response, { method }: JsonObject, { result }: JsonObject): void {
  if (!isJsonObject(result)) return
  const { protocolVersion, tools } = result
  if (method === 'initialize' && typeof protocolVersion === 'string') link.opened(response, protocolVersion)
  if (method !== 'tools/list' || !Array.isArray(tools)) return
  for (const tool of tools as readonly Json[]) {
    if (!isJsonObject(tool) || typeof tool['name'] !== 'string' || !isJsonObject(tool['inputSchema'])) continue
    link.schemas.set(tool['name'], tool['inputSchema'])
  }
}

function fromJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The words of a problem document (RFC 9457). */
function problemOf(body: unknown, status: number): string {
  const { title, detail } = isJsonObject(body) ? body : {}
  const words = [title, detail].filter((part) => typeof part === 'string').join(': ')
  return words === '' ? `The gateway answered with status ${status} and nothing that explains it.` : words
}

const unanswered = (detail: string): GatewayError => new GatewayError('upstream_failed', detail)
