import {
  Client,
  SdkHttpError,
  SseError,
  type ConnectOptions,
  type ServerCapabilities,
} from '@modelcontextprotocol/client'
import type { Subject } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { CARRIED } from './client-capabilities.ts'
import type { DirectCall } from './direct-call.ts'
import { carrying, withEnvironment } from './mcp-auth-carry.ts'
import { toConnectError } from './mcp-failure.ts'
import { VERSION_KEY } from './lean-answer.ts'
import type { Envelope } from './lean-http.ts'
import { identityOf, type Era, type McpDeps, type McpSpec } from './mcp-spec.ts'
import { plainMethods } from './plain-method.ts'
import { httpWire, sseWire, stdioWire, type Wire } from './mcp-wire.ts'
import { settledWithin } from './schedule.ts'

/** One live MCP connection of one era to one server. */
export interface Link {
  readonly client: Client
  readonly era: Era
  readonly kind: Wire['kind']
  readonly identity: string
  /** What the server calls itself; its own word. */
  readonly server: JsonObject
  readonly capabilities: ServerCapabilities
  readonly instructions: string | undefined
  /** The quick way for `tools/call`, where the line has one. */
  readonly direct: DirectCall | undefined
  /** Why something failed, with what is known of the server's end (see `toConnectError`). */
  explain(error: unknown): GatewayError
  /** Ends the session at the server (best effort, one second) and closes; never rejects. */
  close(): Promise<void>
}

export interface LinkEvents {
  /** A request of a legacy server; what it rejects with is what the server gets as the error. */
  onRequest(request: ClientRequest): Promise<JsonObject>
  onNotification(method: string, params: unknown): void
  /** The link closed by itself. */
  onClosed(error: GatewayError): void
}

export interface LinkRequest {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly events: LinkEvents
  /** The era, when it is known; otherwise it is probed. */
  readonly era: Era | undefined
  readonly connectMs: number
  /** Aborts the connecting, not the link. */
  readonly signal: AbortSignal
  /** Whose credential the link carries; whose lists the tools when left out. */
  readonly subject?: Subject | undefined
}

const END_SESSION_MS = 1_000
/** HTTP answers that say "no Streamable HTTP here" (MCP 2025-11-25, Transports, Backwards Compatibility). */
const NOT_STREAMABLE = [400, 404, 405]

/**
 * Connects to a downstream server, whatever its era and transport, with all that is carried of a client's capabilities.
 * Rejects with a GatewayError that says what to do.
 */
export async function openLink(request: LinkRequest): Promise<Link> {
  const { transport } = request.spec
  if (transport.kind === 'stdio') return openStdio(await withEnvironment(request))
  const deps = carrying(request)
  try {
    return await open(request, transport.kind === 'http' ? httpWire(transport, deps) : sseWire(transport, deps))
  } catch (error) {
    if (transport.kind === 'sse' || !transport.fallbackToSse || !isNotStreamable(error))
      throw toConnectError(error, request.spec)
    return open(request, sseWire(transport, deps)).catch((cause: unknown) => {
      throw toConnectError(cause, request.spec)
    })
  }
}

/** What the SDK's client puts into each request of the modern era (MCP 2026-07-28, Request Metadata). */
const envelopeOf = (client: Client, { version }: McpDeps): Envelope =>
  client.getProtocolEra() !== 'modern'
    ? undefined
    : {
        [VERSION_KEY]: client.getNegotiatedProtocolVersion() ?? '',
        'io.modelcontextprotocol/clientInfo': { name: 'gatehouse', version },
        'io.modelcontextprotocol/clientCapabilities': CARRIED,
      }

/** Some legacy servers exit on anything before `initialize`: they get a second process, without the probe. */
async function openStdio(request: LinkRequest): Promise<Link> {
  const { spec, deps, signal } = request
  if (spec.transport.kind !== 'stdio') throw new GatewayError('internal', 'Not a stdio connection.')
  const wire = stdioWire(spec.transport, deps)
  try {
    return await open(request, wire)
  } catch (error) {
    const diedOfProbe = request.era === undefined && wire.failure() !== undefined && !signal.aborted
    if (!diedOfProbe) throw toConnectError(error, spec, wire)
    return openStdio({ ...request, era: 'legacy' })
  }
}

const isNotStreamable = (error: unknown): boolean =>
  error instanceof SdkHttpError && error.status !== undefined && NOT_STREAMABLE.includes(error.status)

async function open(request: LinkRequest, wire: Wire): Promise<Link> {
  const { signal, connectMs } = request
  const client = newClient(request)
  plainMethods(wire.transport)
  const giveUp = (): void => void wire.transport.close()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    signal.throwIfAborted()
    await client.connect(wire.transport, { timeout: connectMs, signal, ...priorFor(request, wire) })
    return toLink(request, client, wire)
  } catch (error) {
    await wire.transport.close()
    throw error
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

/** What is known of the server's era without a probe. */
function priorFor({ era, spec }: LinkRequest, { kind }: Wire): Pick<ConnectOptions, 'prior'> {
  if (era === 'legacy' || kind === 'sse') return { prior: { kind: 'legacy' } }
  return spec.era === 'modern' ? { prior: { kind: 'modern', discover: UNASKED } } : {}
}

/** Stands for `server/discover` where the configuration says that the server is modern: it is asked for every list. */
const UNASKED = {
  supportedVersions: ['2026-07-28'],
  capabilities: { tools: {}, resources: {}, prompts: {} },
  ttlMs: 0,
  cacheScope: 'private' as const,
}

function newClient({ deps, connectMs, events }: LinkRequest): Client {
  const client = new Client(
    { name: 'gatehouse', version: deps.version },
    {
      capabilities: CARRIED,
      versionNegotiation: { mode: 'auto', probe: { timeoutMs: Math.ceil(connectMs / 3) } },
      inputRequired: { autoFulfill: false },
    },
  )
  client.fallbackRequestHandler = ({ method, params }) =>
    events.onRequest({ method, params: isJsonObject(params) ? params : {} })
  return client
}

function toLink({ spec, deps, events }: LinkRequest, client: Client, wire: Wire): Link {
  let over = false
  const lost = (error: unknown): void => {
    if (over) return
    over = true
    events.onClosed(toConnectError(error, spec, wire))
  }
  client.fallbackNotificationHandler = ({ method, params }) => Promise.resolve(events.onNotification(method, params))
  Object.assign(client, {
    onclose: () => lost(new GatewayError('upstream_failed', 'The server closed the connection.')),
    onerror: (error: Error) => (error instanceof SseError ? lost(error) : undefined),
  })
  return {
    client,
    era: client.getProtocolEra() ?? 'legacy',
    kind: wire.kind,
    identity: identityOf(spec.transport, client.getServerVersion()?.name),
    server: { ...client.getServerVersion() },
    capabilities: client.getServerCapabilities() ?? {},
    instructions: client.getInstructions(),
    direct: wire.direct?.(envelopeOf(client, deps)),
    explain: (error) => toConnectError(error, spec, wire),
    async close() {
      over = true
      await settledWithin(wire.endSession(), END_SESSION_MS, deps.schedule)
      await client.close().catch(() => undefined)
      await wire.transport.close().catch(() => undefined)
    },
  }
}
