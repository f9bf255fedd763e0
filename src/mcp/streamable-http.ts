import {
  classifyInboundRequest,
  createMcpHandler,
  type InboundClassificationOutcome,
  isJsonContentType,
  type McpHttpHandler,
  type McpRequestContext,
  type Server,
} from '@modelcontextprotocol/server'
import type { Json } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { McpDeps } from './deps.ts'
import { drainable } from './drain.ts'
import type { Caller } from './exchange.ts'
import { leanDoor } from './lean.ts'
import { legacyDoor } from './legacy-http.ts'
import { listenBook } from './listens.ts'
import { mcpMethods, type Methods } from './methods.ts'
import { readMessage } from './message.ts'
import { idOf, INTERNAL_ERROR, INVALID_REQUEST, rpcErrorResponse } from './rpc.ts'
import { callerOfAuth, mcpServer, toAuthInfo } from './server.ts'
import { SESSION_LIMITS, type SessionLimits, sessionBook } from './sessions.ts'

/** How often idle sessions are looked for, milliseconds. */
const SWEEP_EVERY_MS = 60_000

const STOPPING = { code: INTERNAL_ERROR, message: 'The gateway is stopping. Try again in a moment.' }

export interface McpHttpOptions {
  /** False takes every request through the SDK. For comparing the two ways. */
  readonly lean?: boolean
  readonly sessions?: Partial<SessionLimits>
}

/** One request that has been authenticated and read. `text` is the body of a POST. */
export interface McpHttpRequest extends Caller {
  readonly request: Request
  readonly text?: string
}

export interface McpHttp {
  /** Answers one request to the MCP endpoint, in whichever era it speaks. */
  handle(request: McpHttpRequest): Promise<Response>
  /** Ends the sessions and streams of the principals that match, with what runs in those sessions: for a revoked key. */
  terminate(matches: (principal: Principal) => boolean): Promise<void>
  /** Ends the streams that wait for news, lets running requests finish for so long (milliseconds), and ends the rest. */
  close(graceMs?: number): Promise<void>
}

/** MCP over Streamable HTTP: 2026-07-28 per request, earlier versions in sessions, on one endpoint. */
export function mcpHttp(deps: McpDeps, { lean = true, sessions: limits }: McpHttpOptions = {}): McpHttp {
  const methods = drainable(mcpMethods(deps))
  const sessionLimits = { ...SESSION_LIMITS, ...limits }
  const sessions = sessionBook(deps.clock, sessionLimits)
  const listens = listenBook(sessionLimits.perPrincipal)
  const modern = createMcpHandler((context) => modernServer(deps, methods, context), {
    legacy: 'reject',
    onerror: ({ message }) =>
      deps.log.info({ problem: message.slice(0, 300) }, 'an MCP request was refused or broken off'),
  })
  const legacy = legacyDoor({ deps, methods, sessions })
  const quick = lean ? leanDoor({ deps, methods, sessions }) : () => undefined
  const stopListening = deps.onToolsChanged(() => {
    modern.notify.toolsChanged()
    for (const { served } of sessions.all()) served.toolsChanged()
  })
  const sweeping = setInterval(() => void sessions.sweep(), SWEEP_EVERY_MS)
  sweeping.unref()
  let stopping = false
  const terminate = async (matches: (principal: Principal) => boolean): Promise<void> => {
    listens.end(matches)
    await Promise.all(sessions.all().flatMap((session) => (matches(session.principal) ? [sessions.end(session)] : [])))
  }
  return {
    async handle({ request, text, ...caller }) {
      const read = request.method === 'POST' ? readBody(request, text ?? '') : { body: undefined }
      if (read instanceof Response) return read
      const { body } = read
      const id = idOf(body)
      if (stopping && id !== null) return rpcErrorResponse(503, STOPPING, id)
      const route = classify(request, body)
      const answered = await quick({ request, body, caller, route })
      if (answered) return answered
      if (route.kind === 'legacy') return legacy(request, body, caller)
      if (!isListen(route)) return serveModern(modern, request, body, caller)
      return (
        listens.serve(request, caller.principal, (held) => serveModern(modern, held, body, caller)) ??
        tooManyListens(body)
      )
    },
    terminate,
    async close(graceMs = 0) {
      stopping = true
      stopListening()
      clearInterval(sweeping)
      for (const { transport } of sessions.all()) transport.closeStandaloneSSEStream()
      await methods.drained(graceMs)
      await modern.close()
      await terminate(() => true)
    },
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

const classify = ({ method, headers }: Request, body: Json | undefined): InboundClassificationOutcome => {
  const version = headers.get('mcp-protocol-version')
  const named = headers.get('mcp-method')
  return classifyInboundRequest({
    httpMethod: method,
    ...(version !== null && { protocolVersionHeader: version }),
    ...(named !== null && { mcpMethodHeader: named }),
    ...(body !== undefined && { body }),
  })
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

const isListen = (route: InboundClassificationOutcome): boolean =>
  route.kind === 'modern' && route.message.method === 'subscriptions/listen'

const tooManyListens = (body: Json | undefined): Response =>
  rpcErrorResponse(
    200,
    { code: INTERNAL_ERROR, message: 'Too many open subscriptions/listen streams. Close one and try again.' },
    idOf(body),
  )
