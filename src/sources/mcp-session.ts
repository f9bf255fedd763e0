import { GatewayError } from '../kernel/errors.ts'
import { changeWatch, type ChangeWatch } from './change-watch.ts'
import type { ConnectorEvents } from './connector.ts'
import type { Eras } from './mcp-eras.ts'
import { isLostSession } from './mcp-failure.ts'
import { NO_FEATURES, type FeatureListing } from './mcp-features.ts'
import { openLine, type Line } from './mcp-line.ts'
import type { Link, LinkEvents } from './mcp-link.ts'
import { readFeatures, readTools } from './mcp-offer.ts'
import type { Era, McpDeps, McpSpec, McpTimeouts } from './mcp-spec.ts'
import type { ToolListing } from './mcp-tools.ts'
import type { OtherLine } from './other-line.ts'
import type { PersonalLines } from './personal-lines.ts'
import type { Refresher } from './refresher.ts'
import { ask } from './relay.ts'
import { deadline } from './schedule.ts'

export interface SessionDeps {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly timeouts: McpTimeouts
  readonly eras: Eras
  /** Opens a link of the era that the server is known, or found, to speak. */
  readonly open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>
  readonly openAs: (era: Era | undefined, events: LinkEvents, signal: AbortSignal) => Promise<Link>
}

/** The line that lists and hears of changes. */
export interface MainLine extends Line {
  readonly watch: ChangeWatch
}

/** What one `connect` holds. The main line is replaced when the server forgets its session. */
export interface Session extends SessionDeps {
  readonly events: ConnectorEvents
  /** Aborted when the session is closed. */
  readonly lifetime: AbortController
  readonly refreshTools: Refresher
  readonly refreshFeatures: Refresher
  /** The URIs that are subscribed to. */
  readonly subscribed: Set<string>
  /** Those that only the other line tells of. */
  readonly elsewhere: Set<string>
  /** The line of the era that the main line does not speak. */
  readonly other: OtherLine
  /** The lines of callers that can be asked. */
  readonly personal: PersonalLines
  tools: ToolListing
  features: FeatureListing
  line: MainLine | undefined
  relinking: Promise<void> | undefined
  lost: GatewayError | undefined
}

/** Opens a link, lists what it offers and makes it the session's main line. */
export async function establish(session: Session, signal: AbortSignal): Promise<MainLine> {
  let main: MainLine | undefined
  const line = await openLine((events) => session.open(events, signal), {
    onNotification: (method, params) => onNotification(session, method, params),
    onClosed(error) {
      if (main && main === session.line) lose(session, error)
    },
  })
  try {
    const [tools, features] = await Promise.all([
      readTools(session, line.link, signal),
      readFeatures(session, line.link, signal, NO_FEATURES),
    ])
    if (line.link.era === 'legacy') await resubscribe(session, line.link, session.subscribed, signal)
    const reason = line.closed() ?? (session.lifetime.signal.aborted ? over() : undefined)
    if (reason) throw reason
    const watch = changeWatch(line.link, session.subscribed, () => lookAgain(session))
    main = { ...line, watch }
    session.line = main
    session.tools = tools
    session.features = features
    return main
  } catch (error) {
    const reason = line.closed() ?? line.link.explain(error)
    await line.link.close()
    throw reason
  }
}

/** A legacy server forgets subscriptions with its session; a modern one is listened to anew anyway. Never rejects. */
export async function resubscribe(
  { timeouts }: Pick<Session, 'timeouts'>,
  { client }: Link,
  uris: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const options = { signal, timeout: timeouts.connectMs }
  await Promise.allSettled([...uris].map((uri) => ask(client, 'resources/subscribe', { uri }, options)))
}

function onNotification(session: Session, method: string, params: unknown): void {
  if (method === 'notifications/tools/list_changed') return session.refreshTools.request()
  if (method === 'notifications/resources/list_changed' || method === 'notifications/prompts/list_changed') {
    return session.refreshFeatures.request()
  }
  return onUpdated(session, method, params)
}

/** A server may name a part of what was subscribed to (MCP, Resources, Subscriptions). */
export function onUpdated({ subscribed, elsewhere, events }: Session, method: string, params: unknown): void {
  if (method !== 'notifications/resources/updated' || subscribed.size + elsewhere.size === 0) return
  if (typeof params === 'object' && params !== null && 'uri' in params && typeof params.uri === 'string') {
    events.onResourceUpdated(params.uri)
  }
}

/** After a time in which changes were not heard of. */
function lookAgain(session: Session): void {
  session.refreshTools.request()
  session.refreshFeatures.request()
  for (const uri of session.subscribed) session.events.onResourceUpdated(uri)
}

/** Lists the tools again. A server that announces a change and then cannot list is as good as gone. */
export const relistTools = (session: Session): Promise<void> =>
  relist(session, async ({ link }, signal) => {
    const tools = await readTools(session, link, signal)
    return () => {
      session.tools = tools
      session.events.onTools(tools.tools)
    }
  })

export const relistFeatures = (session: Session): Promise<void> =>
  relist(session, async ({ link }, signal) => {
    const features = await readFeatures(session, link, signal, session.features)
    return () => {
      session.features = features
      session.events.onFeatures(features.features)
    }
  })

async function relist(
  session: Session,
  read: (line: MainLine, signal: AbortSignal) => Promise<() => void>,
): Promise<void> {
  const { line, lifetime, timeouts, deps } = session
  if (!line || lifetime.signal.aborted || session.lost) return
  const limit = deadline(lifetime.signal, timeouts.connectMs, deps.schedule)
  try {
    const take = await read(line, limit.signal)
    if (session.line === line && !lifetime.signal.aborted) take()
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
  session.refreshTools.stop()
  session.refreshFeatures.stop()
  session.events.onLost(error)
}

/** The main line; waits while it is replaced. */
export async function usableLine(session: Session): Promise<MainLine> {
  await session.relinking?.catch(() => undefined)
  if (session.line && !session.lost && !session.lifetime.signal.aborted) return session.line
  throw over()
}

const over = (): GatewayError =>
  new GatewayError('upstream_failed', 'The connection to the server has ended. Try again in a moment.')

/** Only a legacy session can be forgotten; without one, 404 means that nothing is there. */
export const hasLostSession = ({ client }: Link, error: unknown): boolean =>
  isLostSession(error) && client.transport?.sessionId !== undefined

/** Replaces a main line whose session the server forgot; whoever finds out at the same time waits for the same new one. */
export async function relink(session: Session, old: Line): Promise<void> {
  if (session.line !== old) return
  session.relinking ??= replaceLine(session, session.line).finally(() => {
    session.relinking = undefined
  })
  await session.relinking
}

async function replaceLine(session: Session, old: MainLine): Promise<void> {
  const { lifetime, timeouts, deps, events } = session
  const limit = deadline(lifetime.signal, timeouts.connectMs, deps.schedule)
  try {
    await establish(session, limit.signal)
    events.onTools(session.tools.tools)
    events.onFeatures(session.features.features)
    for (const uri of session.subscribed) events.onResourceUpdated(uri)
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
