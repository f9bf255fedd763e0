import {
  type AuthInfo,
  type JSONRPCMessage,
  ProtocolError,
  Server,
  type ServerContext,
} from '@modelcontextprotocol/server'
import type { CallerProtocol, Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { clientCapabilities, serverCapabilities } from './capabilities.ts'
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
import { faithfulErrors } from './faithful-errors.ts'
import type { Methods, Reply } from './method.ts'
import { subscriptionMethods } from './subscription-methods.ts'
import type { Subscriber } from './subscriptions.ts'

/** What the specification tells to assume of a client that names no version. */
const OLDEST_HTTP_VERSION = '2025-03-26'
/** Who we are and what we can do seldom changes, milliseconds. */
const DISCOVER_TTL_MS = 300_000

/** What a client can be told to list again. */
export type ListKind = 'tools' | 'resources' | 'prompts'

/** The SDK's server for one request, session or pipe, and what is known of the other end. */
export interface Served {
  readonly server: Server
  /** What a legacy client negotiated. */
  protocol(): CallerProtocol
  /** The level of `logging/setLevel`; undefined when the client never asked. */
  logLevel(): LogLevel | undefined
  /** Sends a log message beside all requests: on the session's GET stream, or nowhere when there is none. */
  log(message: JsonObject): void
  /** Tells the client that a list changed, once it is ready to hear it. */
  listChanged(kind: ListKind): void
  /** Tells the client that a resource changed. */
  resourceUpdated(uri: string): void
  /** A message on its way out, with the error code that we gave it. */
  faithful(message: JSONRPCMessage): JSONRPCMessage
}

export interface ServedBy {
  readonly deps: McpDeps
  readonly methods: Methods
  /** Who is served when a message does not bring its own caller (stdio: everyone is the same). */
  readonly caller: () => Caller
  /** The resources that a legacy client follows. Modern clients say so when they listen. */
  readonly subscriber?: Subscriber
}

/**
 * A fresh low-level server, bound to one connection: sharing one would send answers to the wrong client. Requests run in
 * `fallbackRequestHandler`, because handlers by method parse params and results, and so strip what they do not know.
 */
export function mcpServer({ deps, methods, caller, subscriber }: ServedBy): Served {
  let level: LogLevel | undefined
  let ready = false
  const errors = faithfulErrors()
  const subscriptions = subscriptionMethods(subscriber)
  const server = new Server(deps.serverInfo, {
    capabilities: serverCapabilities(deps),
    cacheHints: { 'server/discover': { ttlMs: DISCOVER_TTL_MS, cacheScope: 'private' } },
    ...(deps.instructions !== undefined && { instructions: deps.instructions }),
  })
  const version = (): string => server.getNegotiatedProtocolVersion() ?? OLDEST_HTTP_VERSION
  const protocol = (): CallerProtocol => ({
    era: 'legacy',
    version: version(),
    capabilities: clientCapabilities(toObject(server.getClientCapabilities())),
  })
  const answer = (method: string, params: JsonObject, exchange: Exchange): Promise<Reply> =>
    subscriptions.serves(method)
      ? subscriptions.answer(method, params, exchange)
      : methods.answer(method, params, exchange)
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
    const reply = await answer(request.method, params, sdkExchange(asked, context, level))
    if (!reply.error) return reply.result
    const { code, message, data } = reply.error
    throw new ProtocolError(code, message, isModern(version()) ? data : errors.mark(code, data))
  }
  return {
    server,
    protocol,
    logLevel: () => level,
    log(params) {
      server.notification({ method: 'notifications/message', params }).catch(() => undefined) // the session has just ended
    },
    listChanged(kind) {
      if (!ready && !isModern(version())) return
      // the connection has just gone, or was told at its start that there is no such list
      server.notification({ method: `notifications/${kind}/list_changed` }).catch(() => undefined)
    },
    resourceUpdated(uri) {
      server.sendResourceUpdated({ uri }).catch(() => undefined) // the connection has just gone
    },
    faithful: errors.restore,
  }
}

/** Carries the caller through the SDK beside each message. The SDK's own token fields stay empty: it has none to see. */
export const toAuthInfo = (caller: Caller): AuthInfo => ({ token: '', clientId: '', scopes: [], extra: { caller } })

export const callerOfAuth = (auth: AuthInfo | undefined): Caller | undefined =>
  auth?.extra?.['caller'] as Caller | undefined

const callerOf = ({ http }: ServerContext): Caller | undefined => callerOfAuth(http?.authInfo)

const isModern = (version: string): boolean => version >= MODERN_VERSION
