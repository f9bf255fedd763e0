import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import type { Connected, ConnectorEvents } from './connector.ts'
import { isAnswer, isLostSession, isUnreachable, toCallError } from './mcp-failure.ts'
import type { Link, LinkEvents } from './mcp-link.ts'
import { toParamHeaders } from './mcp-param-headers.ts'
import type { McpDeps, McpSpec, McpTimeouts } from './mcp-spec.ts'
import { listTools, type ToolListing } from './mcp-tools.ts'
import { refresher, type Refresher } from './refresher.ts'
import { ask, relayCall } from './relay.ts'
import { deadline } from './schedule.ts'
import { toolWatch, type ToolWatch } from './tool-watch.ts'

export interface SessionDeps {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly timeouts: McpTimeouts
  readonly open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>
}

/** A link, what it lists, and how it hears of changes. */
interface Line {
  readonly link: Link
  readonly watch: ToolWatch
  /** Why the link closed, once it has. */
  closed(): GatewayError | undefined
  listing: ToolListing
}

/** What one `connect` holds. The line is replaced when the server forgets its session. */
interface Session extends SessionDeps {
  readonly events: ConnectorEvents
  /** Aborted when the session is closed. */
  readonly lifetime: AbortController
  readonly refresh: Refresher
  /** The calls in flight: a log message of a legacy server can be attributed only while there is exactly one. */
  readonly calls: Set<Exchange>
  line: Line | undefined
  relinking: Promise<void> | undefined
  lost: GatewayError | undefined
}

const REFRESH_MS = 200
const PROBE_MS = 10_000

/** Connects and lists; then keeps the list true and the session alive until it is closed or lost. */
export async function mcpSession(deps: SessionDeps, events: ConnectorEvents, signal: AbortSignal): Promise<Connected> {
  const refresh = refresher(() => relist(session), REFRESH_MS, deps.deps.schedule)
  const session: Session = {
    ...deps,
    events,
    lifetime: new AbortController(),
    refresh,
    calls: new Set(),
    line: undefined,
    relinking: undefined,
    lost: undefined,
  }
  const line = await establish(session, signal)
  adopt(session, line)
  return {
    source: {
      connection: deps.spec.connection,
      callTool: (name, input, exchange) => callTool(session, { name, input, exchange }),
      close: () => close(session),
    },
    identity: line.link.identity,
    tools: line.listing.tools,
    problems: () => session.line?.listing.problems ?? [],
    probe: (probeSignal) => probe(session, probeSignal),
    close: () => close(session),
  }
}

async function establish(session: Session, signal: AbortSignal): Promise<Line> {
  let closed: GatewayError | undefined
  let line: Line | undefined
  const link = await session.open(
    {
      onNotification: (method, params) => onNotification(session, method, params),
      onClosed(error) {
        closed = error
        if (line && line === session.line) lose(session, error)
      },
    },
    signal,
  )
  try {
    const listing = await readListing(session, link, signal)
    line = { link, listing, watch: toolWatch(link, () => session.refresh.request()), closed: () => closed }
    return line
  } catch (error) {
    const reason = closed ?? link.explain(error)
    await link.close()
    throw reason
  }
}

function adopt(session: Session, line: Line): void {
  const reason = line.closed()
  if (reason) throw reason
  session.line = line
}

async function readListing({ spec, timeouts }: Session, link: Link, signal: AbortSignal): Promise<ToolListing> {
  if (!link.client.getServerCapabilities()?.tools) return { tools: [], problems: ['the server offers no tools'] }
  const readPage = (cursor: string | undefined): Promise<unknown> =>
    ask(link.client, 'tools/list', cursor === undefined ? {} : { cursor }, { signal, timeout: timeouts.connectMs })
  const mirrorsHeaders = link.era === 'modern' && link.kind === 'http'
  return listTools(readPage, { trustAnnotations: spec.trustAnnotations, mirrorsHeaders })
}

function onNotification(session: Session, method: string, params: unknown): void {
  if (method === 'notifications/tools/list_changed') return session.refresh.request()
  if (method !== 'notifications/message' || !isJsonObject(params)) return
  const [call, ...others] = session.calls
  if (others.length === 0) call?.onLog?.(params)
}

/** Lists again. A server that announces a change and then cannot list is as good as gone. */
async function relist(session: Session): Promise<void> {
  const { line, lifetime, timeouts, deps, events } = session
  if (!line || lifetime.signal.aborted || session.lost) return
  const limit = deadline(lifetime.signal, timeouts.connectMs, deps.schedule)
  try {
    line.listing = await readListing(session, line.link, limit.signal)
    events.onTools(line.listing.tools)
  } catch (error) {
    if (!lifetime.signal.aborted) lose(session, line.link.explain(error))
  } finally {
    limit.release()
  }
}

function lose(session: Session, error: GatewayError): void {
  if (session.lost || session.lifetime.signal.aborted) return
  session.lost = error
  session.refresh.stop()
  session.events.onLost(error)
}

async function close(session: Session): Promise<void> {
  session.lifetime.abort()
  session.refresh.stop()
  session.line?.watch.stop()
  await session.line?.link.close()
}

async function probe(session: Session, signal: AbortSignal): Promise<void> {
  const line = await usable(session)
  const method = line.link.era === 'modern' ? 'server/discover' : 'ping'
  try {
    await ask(line.link.client, method, {}, { signal, timeout: PROBE_MS })
  } catch (error) {
    if (hasLostSession(line.link, error)) await relink(session, line)
    else if (!isAnswer(error)) throw line.link.explain(error)
  }
  session.line?.watch.renew()
}

interface Call {
  readonly name: string
  readonly input: JsonObject
  readonly exchange: Exchange
}

async function callTool(session: Session, call: Call): Promise<ToolResult> {
  const line = await usable(session)
  session.calls.add(call.exchange)
  try {
    return await send(session, line, call)
  } catch (error) {
    if (!hasLostSession(line.link, error)) throw toFailure(session, line, error)
    await relink(session, line)
    return await sendAgain(session, call)
  } finally {
    session.calls.delete(call.exchange)
  }
}

/** The line for a call. There is one per connection; a second one, for callers of the other era, would be chosen here. */
async function usable(session: Session): Promise<Line> {
  await session.relinking?.catch(() => undefined)
  if (session.line && !session.lost && !session.lifetime.signal.aborted) return session.line
  throw new GatewayError('upstream_failed', 'The connection to the server has ended. Try again in a moment.')
}

function send({ timeouts, deps }: Session, { link, listing }: Line, call: Call): Promise<ToolResult> {
  const schema = listing.tools.find(({ definition }) => definition.name === call.name)?.definition.inputSchema
  const mirrors = schema && link.era === 'modern' && link.kind === 'http'
  return relayCall(
    link,
    { ...call, headers: mirrors ? toParamHeaders(schema, call.input) : {} },
    timeouts,
    deps.schedule,
  )
}

/** A call is repeated once, and only when doing it twice is the same as doing it once. */
async function sendAgain(session: Session, call: Call): Promise<ToolResult> {
  const line = await usable(session)
  const traits = line.listing.tools.find(({ definition }) => definition.name === call.name)?.traits
  if (!traits?.idempotent && traits?.effect !== 'read') {
    throw new GatewayError(
      'upstream_failed',
      'The server had forgotten its session. The gateway has connected anew but did not repeat the call; call again.',
    )
  }
  try {
    return await send(session, line, call)
  } catch (error) {
    throw toFailure(session, line, error)
  }
}

function toFailure(session: Session, { link }: Line, error: unknown): GatewayError {
  const failure = toCallError(error)
  if (isUnreachable(error) || failure.data['reauth'] === true) lose(session, link.explain(error))
  if (!session.lost || failure.code === 'cancelled' || failure.code === 'connection_unusable') return failure
  const detail = `${session.lost.message} It is not known whether the call was carried out.`
  return new GatewayError('upstream_failed', detail, { cause: error })
}

/** Only a legacy session can be forgotten; without one, 404 means that nothing is there. */
const hasLostSession = ({ client }: Link, error: unknown): boolean =>
  isLostSession(error) && client.transport?.sessionId !== undefined

/** Replaces a line whose session the server forgot; whoever finds out at the same time waits for the same new one. */
async function relink(session: Session, old: Line): Promise<void> {
  if (session.line !== old) return
  session.relinking ??= replaceLine(session, old).finally(() => {
    session.relinking = undefined
  })
  await session.relinking
}

async function replaceLine(session: Session, old: Line): Promise<void> {
  const { lifetime, timeouts, deps, events } = session
  const limit = deadline(lifetime.signal, timeouts.connectMs, deps.schedule)
  try {
    const line = await establish(session, limit.signal)
    adopt(session, line)
    events.onTools(line.listing.tools)
  } catch (error) {
    const reason = old.link.explain(error)
    lose(session, reason)
    throw new GatewayError('upstream_failed', reason.message, { cause: error })
  } finally {
    limit.release()
    old.watch.stop()
    void old.link.close()
  }
}
