import { setMaxListeners } from 'node:events'
import type { Exchange } from '../kernel/exchange.ts'
import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import type { Connected, ConnectorEvents } from './connector.ts'
import { callTool } from './mcp-call.ts'
import { onUpdated, resubscribe } from './mcp-changes.ts'
import { establish, relink, relistFeatures, relistTools } from './mcp-establish.ts'
import { isAnswer } from './mcp-failure.ts'
import { NO_FEATURES } from './mcp-features.ts'
import { openLine, type Line } from './mcp-line.ts'
import { request } from './mcp-request.ts'
import { hasLostSession, usableLine, type Session, type SessionDeps } from './mcp-session.ts'
import { mirrored } from './mcp-tools.ts'
import { otherLine } from './other-line.ts'
import { personalLines } from './personal-lines.ts'
import { refresher } from './refresher.ts'
import { ask } from './relay.ts'
import { deadline } from './schedule.ts'
import { type UserLine, userLines } from './user-lines.ts'

const REFRESH_MS = 200
const PROBE_MS = 10_000
/** How long a caller waits for a line of its own or of its era. */
const OPEN_MS = 10_000

/** Connects and lists; then keeps the lists true and the session alive until it is closed or lost. */
export async function mcpConnected(
  deps: SessionDeps,
  events: ConnectorEvents,
  signal: AbortSignal,
): Promise<Connected> {
  const session = newSession(deps, events)
  const { link } = await establish(session, signal)
  return {
    source: {
      connection: deps.spec.connection,
      callTool: (name, input, exchange) => callTool(session, { name, input, exchange }),
      request: (method, params, exchange) => request(session, { method, params, exchange }),
      close: () => close(session),
    },
    identity: link.identity,
    tools: session.tools.tools,
    features: session.features.features,
    get capabilities() {
      return capabilitiesOf(session)
    },
    ...(link.instructions !== undefined && { instructions: link.instructions }),
    server: { ...link.server, era: link.era },
    problems: () => [...session.tools.problems, ...session.features.problems],
    probe: (probeSignal) => probe(session, probeSignal),
    close: () => close(session),
  }
}

function newSession(deps: SessionDeps, events: ConnectorEvents): Session {
  const { schedule, clock } = deps.deps
  const lifetime = new AbortController()
  setMaxListeners(0, lifetime.signal) // many lines may be opened at a time
  const soon = async (open: (signal: AbortSignal) => Promise<Line>): Promise<Line> => {
    const limit = deadline(lifetime.signal, Math.min(OPEN_MS, deps.timeouts.connectMs), schedule)
    try {
      return await open(limit.signal)
    } finally {
      limit.release()
    }
  }
  const openOther = async (signal: AbortSignal): Promise<Line> => {
    const onNotification = (method: string, params: unknown): void => onUpdated(session, method, params)
    const line = await openLine((linkEvents) => deps.openAs('legacy', linkEvents, signal), { onNotification })
    await resubscribe(deps, line.link, session.elsewhere, signal)
    return line
  }
  const openPersonal = (opener: Exchange, signal: AbortSignal): Promise<Line> =>
    openLine((linkEvents) => deps.openAs('legacy', linkEvents, signal), {}, opener)
  const openFor = ({ exchange, era, user }: UserLine, signal: AbortSignal): Promise<Line> =>
    openLine((linkEvents) => deps.openAs(era, linkEvents, signal, { user }), {}, exchange)
  const session: Session = {
    ...deps,
    events,
    lifetime,
    refreshTools: refresher(() => relistTools(session), REFRESH_MS, schedule),
    refreshFeatures: refresher(() => relistFeatures(session), REFRESH_MS, schedule),
    subscribed: new Set(),
    elsewhere: new Set(),
    other: otherLine({
      eras: deps.eras,
      clock,
      open: () => soon(openOther),
      onOpen: () => events.onFeatures(session.features.features),
    }),
    personal: personalLines({ open: (opener) => soon((signal) => openPersonal(opener, signal)), schedule }),
    ofUsers: userLines({ open: (opener) => soon((signal) => openFor(opener, signal)), schedule }),
    tools: { tools: [], byName: new Map(), mirrored: mirrored(), problems: [] },
    features: NO_FEATURES,
    line: undefined,
    relinking: undefined,
    lost: undefined,
  }
  return session
}

const toJson = (line: Line | undefined): JsonObject =>
  isJsonObject(line?.link.capabilities) ? line.link.capabilities : {}

/** A server that speaks both eras may advertise to one what it does not advertise to the other. */
function capabilitiesOf({ line, other }: Session): JsonObject {
  const [main, more] = [toJson(line), toJson(other.now())]
  const joined = Object.entries({ ...more, ...main }).map(([name, value]) => {
    const [one, two] = [more[name], main[name]]
    return [name, isJsonObject(one) && isJsonObject(two) ? { ...one, ...two } : value]
  })
  return Object.fromEntries(joined)
}

/** `ping` for legacy servers; modern ones have none and are asked what they are. Any answer shows that they live. */
async function probe(session: Session, signal: AbortSignal): Promise<void> {
  const line = await usableLine(session)
  const method = line.link.era === 'modern' ? 'server/discover' : 'ping'
  try {
    await ask(line.link.client, method, {}, { signal, timeout: PROBE_MS })
  } catch (error) {
    if (hasLostSession(line.link, error)) await relink(session, line)
    else if (!isAnswer(error)) throw line.link.explain(error)
  }
  session.line?.watch.renew()
  if (session.elsewhere.size > 0) await session.other.get()
}

async function close(session: Session): Promise<void> {
  session.lifetime.abort()
  session.refreshTools.stop()
  session.refreshFeatures.stop()
  session.line?.watch.stop()
  const { line, other, personal, ofUsers } = session
  await Promise.all([line?.link.close(), other.close(), personal.close(), ofUsers.close()])
}
