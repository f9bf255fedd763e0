import { type AuthInfo, ProtocolError, Server, type ServerContext } from '@modelcontextprotocol/server'
import type { CallerProtocol } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { McpDeps } from './deps.ts'
import {
  type Caller,
  envelopeOf,
  isLogLevel,
  type LogLevel,
  MODERN_VERSION,
  modernProtocol,
  sdkExchange,
  toObject,
} from './exchange.ts'
import type { Methods } from './methods.ts'

/** Capabilities are the same in both eras: never advertise what only one of them can serve. */
const CAPABILITIES = { tools: { listChanged: true }, logging: {} }
/** What the specification tells to assume of a client that names no version. */
const OLDEST_HTTP_VERSION = '2025-03-26'
/** Who we are and what we can do seldom changes, milliseconds. */
const DISCOVER_TTL_MS = 300_000

/** The SDK's server for one request, session or pipe, and what is known of the other end. */
export interface Served {
  readonly server: Server
  /** What a legacy client negotiated. */
  protocol(): CallerProtocol
  /** The level of `logging/setLevel`; undefined when the client never asked. */
  logLevel(): LogLevel | undefined
  /** Sends a log message beside all requests: on the session's GET stream, or nowhere when there is none. */
  log(message: JsonObject): void
  /** Tells the client that its tools changed, once it is ready to hear it. */
  toolsChanged(): void
}

export interface ServedBy {
  readonly deps: McpDeps
  readonly methods: Methods
  /** Who is served when a message does not bring its own caller (stdio: everyone is the same). */
  readonly caller: () => Caller
}

/**
 * A fresh low-level server, bound to one connection: sharing one would send answers to the wrong client. Requests run in
 * `fallbackRequestHandler`, because handlers by method parse params and results, and so strip what they do not know.
 */
export function mcpServer({ deps, methods, caller }: ServedBy): Served {
  let level: LogLevel | undefined
  let ready = false
  const server = new Server(deps.serverInfo, {
    capabilities: CAPABILITIES,
    cacheHints: { 'server/discover': { ttlMs: DISCOVER_TTL_MS, cacheScope: 'private' } },
    ...(deps.instructions !== undefined && { instructions: deps.instructions }),
  })
  const version = (): string => server.getNegotiatedProtocolVersion() ?? OLDEST_HTTP_VERSION
  const protocol = (): CallerProtocol => ({
    era: 'legacy',
    version: version(),
    capabilities: toObject(server.getClientCapabilities()),
  })
  server.oninitialized = () => {
    ready = true
  }
  server.setRequestHandler('logging/setLevel', ({ params }) => {
    level = isLogLevel(params.level) ? params.level : level
    return {}
  })
  server.fallbackRequestHandler = async (request, context) => {
    const params = toObject(request.params)
    const spoken = isModern(version()) ? modernProtocol(envelopeOf(context.mcpReq)) : protocol()
    const asked = { caller: callerOf(context) ?? caller(), params, protocol: spoken }
    const reply = await methods.answer(request.method, params, sdkExchange(asked, context, level))
    if (reply.error) throw new ProtocolError(reply.error.code, reply.error.message)
    return reply.result
  }
  return {
    server,
    protocol,
    logLevel: () => level,
    log(params) {
      server.notification({ method: 'notifications/message', params }).catch(() => undefined) // the session has just ended
    },
    toolsChanged() {
      if (ready || isModern(version())) server.sendToolListChanged().catch(() => undefined) // the connection has just gone
    },
  }
}

/** Carries the caller through the SDK beside each message. The SDK's own token fields stay empty: it has none to see. */
export const toAuthInfo = (caller: Caller): AuthInfo => ({ token: '', clientId: '', scopes: [], extra: { caller } })

export const callerOfAuth = (auth: AuthInfo | undefined): Caller | undefined =>
  auth?.extra?.['caller'] as Caller | undefined

const callerOf = ({ http }: ServerContext): Caller | undefined => callerOfAuth(http?.authInfo)

const isModern = (version: string): boolean => version >= MODERN_VERSION
