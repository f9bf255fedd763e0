import {
  createMcpHandler,
  isJsonContentType,
  type McpHttpHandler,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server'
import type { CallerProtocol } from '../kernel/exchange.ts'
import type { Json, JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { McpDeps } from './deps.ts'
import { type CallLimits, mcpCalls } from './calls.ts'
import { onListChanged } from './changes.ts'
import { classifier, isCall, isListen } from './classify.ts'
import { EVENT_LIMITS, eventBook, type EventLimits } from './event-store.ts'
import { type Caller, toObject } from './exchange.ts'
import { type HeaderParams, headerParams } from './header-params.ts'
import { headOf, leanDoor, type LeanHead, type LeanReply, toResponse } from './lean.ts'
import { legacyDoor } from './legacy-http.ts'
import { listenBook } from './listens.ts'
import { readMessage } from './message.ts'
import type { Methods } from './method.ts'
import { idOf, INTERNAL_ERROR, INVALID_REQUEST, type RpcId, rpcErrorResponse } from './rpc.ts'
import { callerOfAuth, mcpServer, toAuthInfo } from './server.ts'
import { ownerOf, SESSION_LIMITS, type SessionLimits, sessionBook } from './sessions.ts'
import { subscriptionBook } from './subscriptions.ts'

/** How often idle sessions are looked for, milliseconds. */
const SWEEP_EVERY_MS = 60_000

const STOPPING = { code: INTERNAL_ERROR, message: 'The gateway is stopping. Try again in a moment.' }

export interface McpHttpOptions extends CallLimits {
  /** False takes every request through the SDK. For comparing the two ways. */
  readonly lean?: boolean
  /** Of sessions, and of listen streams, which are what modern clients have in their place. */
  readonly sessions?: Partial<SessionLimits>
  readonly events?: Partial<EventLimits>
  /** Hears what ends requests of sessions that other processes answer. */
  readonly elsewhere?: Elsewhere
}

/** One request that has been authenticated and read. `text` is the body of a POST. */
export interface McpHttpRequest extends Caller {
  readonly request: Request
  readonly text?: string
}

/** A POST that has been authenticated and read, without the objects of `fetch`. */
export interface McpPlainRequest extends Caller {
  readonly request: LeanHead
  readonly text: string
}

export interface McpHttp {
  /**
   * Answers one of the requests that agents make all day. Undefined, before anything was done, for every other one: that is
   * for `handle`, with the same answers.
   */
  plain(request: McpPlainRequest): Promise<LeanReply | undefined>
  /** Answers one request to the MCP endpoint, in whichever era it speaks. */
  handle(request: McpHttpRequest): Promise<Response>
  /** What is open and running now. */
  counts(): McpCounts
  /** A session whose plain requests another process may answer; a sign of life. Undefined when only we can answer them. */
  session(id: string): SessionFacts | undefined
  /** Sends a log message on a session's own stream. */
  logTo(session: string, message: JsonObject): void
  /** Ends the sessions and streams of the principals that match, and what runs or waits for them: for a revoked key. */
  terminate(matches: (principal: Principal) => boolean): Promise<void>
  /** Ends the streams that wait for news, lets running requests finish for so long (milliseconds), and ends the rest. */
  close(graceMs?: number): Promise<void>
}

/** All of them are bounded, in total and by principal. */
export interface McpCounts {
  /** Of clients that speak 2025-11-25 or earlier. */
  readonly sessions: number
  /** `subscriptions/listen` streams. */
  readonly listens: number
  /** Calls that wait for a source or for their caller. */
  readonly running: number
  /** Those of them that wait for their modern caller's answer. */
  readonly parked: number
  /** Resources that somebody follows. */
  readonly subscriptions: number
}

/** What a process that answers plain requests of our sessions has to know of one. */
export interface SessionFacts {
  /** Whom it belongs to, as `ownerOf` says it. */
  readonly owner: string
  readonly protocol: CallerProtocol
}

/** Other processes that answer plain requests of our sessions. */
export interface Elsewhere {
  cancelled(session: string, requestId: RpcId): void
  ended(session: string): void
}

/** MCP over Streamable HTTP: 2026-07-28 per request, earlier versions in sessions, on one endpoint. */
export function mcpHttp(deps: McpDeps, options: McpHttpOptions = {}): McpHttp {
  const doors = openDoors(deps, options)
  const { calls, sessions, subscriptions, listens, modern } = doors
  const headerProblem = headerParams(deps.tools)
  const stopListening = onListChanged(deps, (kind) => {
    calls.sweep()
    listens.listChanged(kind)
    for (const { served } of sessions.all()) served.listChanged(kind)
  })
  const sweeping = setInterval(() => {
    calls.sweep()
    void sessions.sweep()
  }, SWEEP_EVERY_MS).unref()
  let stopping = false
  const terminate = async (matches: (principal: Principal) => boolean): Promise<void> => {
    calls.end(matches)
    listens.end(matches)
    await Promise.all(sessions.all().flatMap((session) => (matches(session.principal) ? [sessions.end(session)] : [])))
  }
  return {
    ...answering(doors, headerProblem, () => stopping),
    counts: () => ({
      sessions: sessions.all().length,
      listens: listens.count(),
      ...calls.counts(),
      subscriptions: subscriptions.count(),
    }),
    session(id) {
      const session = sessions.known(id)
      if (!session || session.served.logLevel() !== undefined) return undefined
      return { owner: ownerOf(session.principal), protocol: session.served.protocol() }
    },
    logTo: (id, message) => sessions.known(id)?.served.log(message),
    terminate,
    async close(graceMs = 0) {
      stopping = true
      stopListening()
      clearInterval(sweeping)
      await listens.close()
      for (const { transport } of sessions.all()) transport.closeStandaloneSSEStream()
      await calls.drained(graceMs)
      await modern.close()
      await terminate(() => true)
      subscriptions.close()
    },
  }
}

/** Requests come to the lean door first, then to the one of their era. */
function answering(
  { listens, modern, legacy, quick }: ReturnType<typeof openDoors>,
  headerProblem: HeaderParams,
  isStopping: () => boolean,
): Pick<McpHttp, 'plain' | 'handle'> {
  const classify = classifier()
  return {
    async plain({ request, text, principal, requestId, toolset }) {
      const caller = { principal, requestId, toolset }
      const read = isStopping() ? undefined : readMessage(text)
      if (!read || read.error) return undefined
      const { body } = read
      const route = classify({ method: 'POST', headers: request.headers }, body)
      if (isCall(route) && headerProblem(toObject(route.message.params), request.headers, caller)) return undefined
      return quick({ request, body, caller, route })
    },
    async handle({ request, text, ...caller }) {
      const read = request.method === 'POST' ? readBody(request, text ?? '') : { body: undefined }
      if (read instanceof Response) return read
      const { body } = read
      const id = idOf(body)
      if (isStopping() && id !== null) return rpcErrorResponse(503, STOPPING, id)
      const route = classify(request, body)
      if (isCall(route)) {
        const problem = headerProblem(toObject(route.message.params), request.headers, caller)
        if (problem) return rpcErrorResponse(400, problem, id)
      }
      const answered = await quick({ request: headOf(request), body, caller, route })
      if (answered) return toResponse(answered)
      if (route.kind === 'legacy') return legacy(request, body, caller)
      return isListen(route) ? listens.serve(request, body, caller) : serveModern(modern, request, body, caller)
    },
  }
}

/** One door for each way to ask, and the books that they share. */
function openDoors(deps: McpDeps, { lean = true, ...options }: McpHttpOptions) {
  const calls = mcpCalls(deps, options)
  const limits = { ...SESSION_LIMITS, ...options.sessions }
  const sessions = sessionBook(deps.clock, limits, options.elsewhere?.ended)
  const subscriptions = subscriptionBook(deps.features)
  const events = eventBook({ ...EVENT_LIMITS, ...options.events })
  const onerror = ({ message }: Error): void =>
    deps.log.info({ problem: message.slice(0, 300) }, 'an MCP request was refused or broken off')
  const factory = (context: McpRequestContext): Server => modernServer(deps, calls, context)
  return {
    calls,
    sessions,
    subscriptions,
    listens: listenBook({ limits, subscriptions, factory, onerror }),
    modern: createMcpHandler(factory, { legacy: 'reject', onerror }),
    legacy: legacyDoor({ deps, methods: calls, sessions, events, subscriptions, elsewhere: options.elsewhere }),
    quick: lean ? leanDoor({ deps, methods: calls, sessions }) : () => undefined,
  }
}

/** The body, or the answer that says what is wrong with it. */
function readBody(request: Request, text: string): { readonly body: Json } | Response {
  if (!isJsonContentType(request.headers.get('content-type'))) {
    return rpcErrorResponse(415, { code: INVALID_REQUEST, message: 'The Content-Type must be application/json.' })
  }
  const read = readMessage(text)
  return read.error ? rpcErrorResponse(400, read.error, read.id) : read
}

const serveModern = (
  modern: McpHttpHandler,
  request: Request,
  body: Json | undefined,
  caller: Caller,
): Promise<Response> => modern.fetch(request, { parsedBody: body, authInfo: toAuthInfo(caller) })

/** An unknown method gets no handler at all: only then the SDK answers with the 404 that the transport demands. */
function modernServer(deps: McpDeps, methods: Methods, { authInfo, requestInfo }: McpRequestContext): Server {
  const caller = callerOfAuth(authInfo)
  if (!caller) throw new Error('a request reached the MCP server without its caller')
  const { server } = mcpServer({ deps, methods, caller: () => caller })
  if (!methods.serves(requestInfo?.headers.get('mcp-method') ?? '')) delete server.fallbackRequestHandler
  return server
}
