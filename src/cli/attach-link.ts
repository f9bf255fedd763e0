import { GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import { modernHeaders, modernVersion } from './attach-headers.ts'
import type { Running } from './locate.ts'

/** The legacy session that the gateway has opened for this bridge. */
interface Session {
  readonly id: string
  readonly version: string
}

interface LinkRequest {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
}

export interface LinkOptions {
  /** The agent to be, for the token of the lock file; a key says it by itself. */
  readonly agent?: string | undefined
  /** Whose tools to be served; all when left out. */
  readonly toolset?: string | undefined
  readonly fetch: typeof fetch
  /** The gateway that runs on the store now; undefined when none does. */
  readonly locate: () => Promise<Running | undefined>
}

/** The HTTP leg of the bridge: finds the gateway, adds the headers of the message's era. */
export interface Link {
  post(message: JsonObject, signal: AbortSignal): Promise<Response>
  /** The stream of what the server says unasked (legacy); undefined when it has none. */
  listen(signal: AbortSignal): Promise<Response | undefined>
  /** Ends the legacy session, if there is one. */
  leave(signal: AbortSignal): Promise<void>
  /** Remembers the session that an answer to `initialize` opened. */
  opened(response: Response, protocolVersion: string): void
  readonly hasSession: boolean
  /** Input schemas by the advertised name of the tool, for headers that mirror arguments. */
  readonly schemas: Map<string, JsonObject>
}

export function gatewayLink(options: LinkOptions): Link {
  const send = sender(options)
  const schemas = new Map<string, JsonObject>()
  let session: Session | undefined

  const headersOf = (message: JsonObject | undefined): Readonly<Record<string, string>> => {
    const version = message && modernVersion(message)
    if (message && version !== undefined) return modernHeaders(message, version, schemas)
    if (!session || message?.['method'] === 'initialize') return {}
    return { 'mcp-session-id': session.id, 'mcp-protocol-version': session.version }
  }
  return {
    schemas,
    get hasSession() {
      return session !== undefined
    },
    post: (message, signal) =>
      send({
        method: 'POST',
        body: JSON.stringify(message),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headersOf(message),
        },
        signal,
      }),
    async listen(signal) {
      const response = await send({
        method: 'GET',
        headers: { accept: 'text/event-stream', ...headersOf(undefined) },
        signal,
      })
      if (response.ok) return response
      await response.body?.cancel()
      return undefined
    },
    async leave(signal) {
      if (session) await (await send({ method: 'DELETE', headers: headersOf(undefined), signal })).body?.cancel()
      session = undefined
    },
    opened(response, version) {
      const id = response.headers.get('mcp-session-id')
      session = id === null ? undefined : { id, version }
    },
  }
}

/** Sends to the gateway that runs. One that was started again listens elsewhere, with another token: it is looked up again. */
function sender({ agent, toolset, fetch, locate }: LinkOptions): (request: LinkRequest) => Promise<Response> {
  const path = toolset === undefined ? '/mcp' : `/mcp/${encodeURIComponent(toolset)}`
  let running: Running | undefined
  const once = async (request: LinkRequest): Promise<Response> => {
    running ??= await locate()
    if (!running) throw gone()
    // A connection that is kept alive may be dead, and then nobody knows whether the request was read: a new one fails clearly.
    const identity = {
      connection: 'close',
      authorization: `Bearer ${running.token.reveal()}`,
      ...(agent !== undefined && { 'gatehouse-agent': agent }),
    }
    return fetch(new URL(path, running.url), { ...request, headers: { ...request.headers, ...identity } })
  }
  return async (request) => {
    try {
      const response = await once(request)
      if (response.status !== 401) return response
      await response.body?.cancel()
    } catch (error) {
      if (!isRefused(error)) throw error
    }
    running = undefined
    return once(request)
  }
}

const gone = (): GatewayError =>
  new GatewayError(
    'connection_unusable',
    'The gateway has ended. Start it with `gatehouse serve` and try again, or start this server again in your client.',
  )

/** Nobody has read the request: the connection was not made. */
function isRefused(error: unknown): boolean {
  const cause = error instanceof TypeError ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'ECONNREFUSED'
}
