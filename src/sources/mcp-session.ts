import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject } from '../kernel/json.ts'
import type { ConnectorEvents } from './connector.ts'
import { isLostSession } from './mcp-failure.ts'
import type { Link, LinkEvents } from './mcp-link.ts'
import type { McpDeps, McpSpec, McpTimeouts } from './mcp-spec.ts'
import { listTools, type ToolListing } from './mcp-tools.ts'
import type { Refresher } from './refresher.ts'
import { ask } from './relay.ts'
import { deadline } from './schedule.ts'
import { toolWatch, type ToolWatch } from './tool-watch.ts'

export interface SessionDeps {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly timeouts: McpTimeouts
  readonly open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>
}

/** A link, what it lists, and how it hears of changes. */
export interface Line {
  readonly link: Link
  readonly watch: ToolWatch
  /** Why the link closed, once it has. */
  closed(): GatewayError | undefined
  listing: ToolListing
}

/** What one `connect` holds. The line is replaced when the server forgets its session. */
export interface Session extends SessionDeps {
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

/** Opens a link, lists its tools and makes it the session's line. */
export async function establish(session: Session, signal: AbortSignal): Promise<Line> {
  const line = await openLine(session, signal)
  const reason = line.closed() ?? (session.lifetime.signal.aborted ? over() : undefined)
  if (reason) {
    void line.link.close()
    throw reason
  }
  session.line = line
  return line
}

async function openLine(session: Session, signal: AbortSignal): Promise<Line> {
  let closed: GatewayError | undefined
  let line: Line | undefined
  const events: LinkEvents = {
    onNotification: (method, params) => onNotification(session, method, params),
    onClosed(error) {
      closed = error
      if (line && line === session.line) lose(session, error)
    },
  }
  const link = await session.open(events, signal)
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

async function readListing({ spec, timeouts }: Session, link: Link, signal: AbortSignal): Promise<ToolListing> {
  const readPage = (cursor: string | undefined): Promise<unknown> =>
    ask(link.client, 'tools/list', cursor === undefined ? {} : { cursor }, { signal, timeout: timeouts.connectMs })
  const hasTools = link.client.getServerCapabilities()?.tools !== undefined
  const none = { tools: [] }
  return listTools(hasTools ? readPage : () => Promise.resolve(none), {
    trustAnnotations: spec.trustAnnotations,
    mirrorsHeaders: mirrorsHeaders(link),
  })
}

/** Whether arguments are mirrored into headers (MCP 2026-07-28, Streamable HTTP). */
export const mirrorsHeaders = ({ era, kind }: Link): boolean => era === 'modern' && kind === 'http'

function onNotification(session: Session, method: string, params: unknown): void {
  if (method === 'notifications/tools/list_changed') return session.refresh.request()
  if (method !== 'notifications/message' || !isJsonObject(params)) return
  const [call, ...others] = session.calls
  if (others.length === 0) call?.onLog?.(params)
}

/** Lists again. A server that announces a change and then cannot list is as good as gone. */
export async function relist(session: Session): Promise<void> {
  const { line, lifetime, timeouts, deps, events } = session
  if (!line || lifetime.signal.aborted || session.lost) return
  const limit = deadline(lifetime.signal, timeouts.connectMs, deps.schedule)
  try {
    const listing = await readListing(session, line.link, limit.signal)
    if (session.line !== line) return
    line.listing = listing
    events.onTools(listing.tools)
  } catch (error) {
    if (hasLostSession(line.link, error)) await relink(session, line).catch(() => undefined)
    else if (session.line === line) lose(session, line.link.explain(error))
  } finally {
    limit.release()
  }
}

/** Tells the supervisor, once, that the session is gone; not when it was closed on purpose. */
export function lose(session: Session, error: GatewayError): void {
  if (session.lost || session.lifetime.signal.aborted) return
  session.lost = error
  session.refresh.stop()
  session.events.onLost(error)
}

/** The line for a call. There is one per connection; a second one, for callers of the other era, would be chosen here. */
export async function usableLine(session: Session): Promise<Line> {
  await session.relinking?.catch(() => undefined)
  if (session.line && !session.lost && !session.lifetime.signal.aborted) return session.line
  throw over()
}

const over = (): GatewayError =>
  new GatewayError('upstream_failed', 'The connection to the server has ended. Try again in a moment.')

/** Only a legacy session can be forgotten; without one, 404 means that nothing is there. */
export const hasLostSession = ({ client }: Link, error: unknown): boolean =>
  isLostSession(error) && client.transport?.sessionId !== undefined

/** Replaces a line whose session the server forgot; whoever finds out at the same time waits for the same new one. */
export async function relink(session: Session, old: Line): Promise<void> {
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
