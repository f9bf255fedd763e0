import {
  isInitializeRequest,
  SUPPORTED_PROTOCOL_VERSIONS,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { isJsonObject, type Json } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'
import { type Caller, toObject } from './exchange.ts'
import type { eventBook, Events } from './event-store.ts'
import type { Methods } from './method.ts'
import { idOf, INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST, isRpcId, rpcErrorResponse } from './rpc.ts'
import { runningRequests } from './running-requests.ts'
import { mcpServer, type Served, toAuthInfo } from './server.ts'
import type { Session, Sessions } from './sessions.ts'
import type { Elsewhere } from './streamable-http.ts'
import type { Subscriptions } from './subscriptions.ts'

/** What clients of the earlier versions know as an unknown session; the number is the SDK's. */
const SESSION_NOT_FOUND = -32_001
/** JSON-RPC batches left the protocol with this version. */
const WITHOUT_BATCHES = '2025-06-18'
/** How soon a client that lost a stream should come back, milliseconds. */
const RETRY_MS = 1_000

export interface LegacyDoor {
  readonly deps: McpDeps
  readonly methods: Methods
  readonly sessions: Sessions
  readonly events: ReturnType<typeof eventBook>
  readonly subscriptions: Subscriptions
  readonly elsewhere?: Elsewhere | undefined
}

/** Versions up to 2025-11-25: `initialize` opens a session, which belongs to the principal that opened it. */
export function legacyDoor(door: LegacyDoor) {
  const { sessions, elsewhere } = door
  return async (request: Request, body: Json | undefined, caller: Caller): Promise<Response> => {
    const id = request.headers.get('mcp-session-id')
    if (id === null) return open(door, request, body, caller)
    const session = sessions.find(id, caller.principal)
    if (!session) {
      const message = 'Session not found. It ended or never was: send initialize without Mcp-Session-Id.'
      return rpcErrorResponse(404, { code: SESSION_NOT_FOUND, message }, idOf(body))
    }
    if (Array.isArray(body) && !mayBatch(session)) {
      const message = 'JSON-RPC batches are not part of the negotiated protocol version. Send the messages one by one.'
      return rpcErrorResponse(400, { code: INVALID_REQUEST, message })
    }
    return resumptionProblem(session, request) ?? serve({ sessions, elsewhere }, session, request, { body, caller })
  }
}

/** A replay with a gap would look like a whole one: the client is told, and can ask again for what it waits for. */
function resumptionProblem({ events }: Session, { method, headers }: Request): Response | undefined {
  const last = headers.get('last-event-id')
  if (method !== 'GET' || last === null || last === '' || events.canReplayAfter(last)) return undefined
  const message = 'What came after this Last-Event-ID is no longer known. Open the stream without it.'
  return rpcErrorResponse(400, { code: INVALID_REQUEST, message })
}

async function serve(
  { sessions, elsewhere }: Pick<LegacyDoor, 'sessions' | 'elsewhere'>,
  session: Session,
  request: Request,
  { body, caller }: { readonly body: Json | undefined; readonly caller: Caller },
): Promise<Response> {
  const { transport } = session
  const response = await transport.handleRequest(request, {
    parsedBody: body,
    authInfo: toAuthInfo({ ...caller, session: session.id }),
  })
  if (request.method === 'GET' && response.status === 200) sessions.hold(session, request.signal)
  if (response.status === 202) cancel(session, body, elsewhere)
  return response
}

/** The SDK aborts its own requests and then never closes their streams; the lean door's requests it does not know. */
function cancel(
  { id, running, transport, served }: Session,
  body: Json | undefined,
  elsewhere: Elsewhere | undefined,
): void {
  if (!isJsonObject(body) || body['method'] !== 'notifications/cancelled') return
  const { requestId } = toObject(body['params'])
  if (!isRpcId(requestId)) return
  running.abort(requestId)
  elsewhere?.cancelled(id, requestId)
  if (served.protocol().version >= WITHOUT_BATCHES) transport.closeSSEStream(requestId)
}

async function open(
  { deps, methods, sessions, events: book, subscriptions }: LegacyDoor,
  request: Request,
  body: Json | undefined,
  caller: Caller,
): Promise<Response> {
  if (!['GET', 'POST', 'DELETE'].includes(request.method)) return notAllowed()
  const refusal = openingProblem(body)
  if (refusal) return rpcErrorResponse(400, refusal, idOf(body))
  const { principal } = caller
  const full = sessions.refusal(principal)
  if (full !== undefined) return rpcErrorResponse(503, { code: INTERNAL_ERROR, message: full }, idOf(body))
  const subscriber = subscriptions.open(principal, (uri) => served.resourceUpdated(uri))
  const served = mcpServer({ deps, methods, caller: () => caller, subscriber })
  const events = book.open()
  const transport = sessionTransport(served, events, {
    sessionIdGenerator: deps.newId,
    onsessioninitialized: (id) =>
      sessions.add({ id, principal, served, transport, events, subscriber, running: runningRequests() }),
    onsessionclosed: (id) => end(sessions, id, caller),
  })
  await served.server.connect(transport)
  return transport.handleRequest(request, { parsedBody: body, authInfo: toAuthInfo(caller) })
}

type TransportOptions = NonNullable<ConstructorParameters<typeof WebStandardStreamableHTTPServerTransport>[0]>

/** The SDK's transport, with our error codes, and able to send again what a client missed. */
function sessionTransport(
  { faithful }: Served,
  eventStore: Events,
  options: TransportOptions,
): WebStandardStreamableHTTPServerTransport {
  const transport = new WebStandardStreamableHTTPServerTransport({ ...options, eventStore, retryInterval: RETRY_MS })
  const send = transport.send.bind(transport)
  transport.send = (message, more) => send(faithful(message), more)
  return transport
}

async function end(sessions: Sessions, id: string, { principal }: Caller): Promise<void> {
  const session = sessions.find(id, principal)
  if (session) await sessions.end(session)
}

function openingProblem(body: Json | undefined): { readonly code: number; readonly message: string } | undefined {
  if (isInitializeRequest(body)) return undefined
  if (isJsonObject(body) && body['method'] === 'initialize') {
    const message =
      'Invalid params: initialize needs "protocolVersion", "capabilities" and "clientInfo" {name, version}.'
    return { code: INVALID_PARAMS, message }
  }
  const message = `Session ID required: send initialize first and repeat its Mcp-Session-Id, or speak 2026-07-28.`
  return { code: INVALID_REQUEST, message }
}

const notAllowed = (): Response => {
  const response = rpcErrorResponse(405, {
    code: INVALID_REQUEST,
    message: 'Only POST, GET and DELETE are served here.',
  })
  response.headers.set('allow', 'GET, POST, DELETE')
  return response
}

const mayBatch = ({ served }: Session): boolean => served.protocol().version < WITHOUT_BATCHES

/** Versions that a legacy request may name in `MCP-Protocol-Version`. */
export const isLegacyVersion = (version: string): boolean => SUPPORTED_PROTOCOL_VERSIONS.includes(version)
