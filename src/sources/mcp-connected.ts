import type { Connected, ConnectorEvents } from './connector.ts'
import { callTool } from './mcp-call.ts'
import { isAnswer } from './mcp-failure.ts'
import { establish, hasLostSession, relink, relist, usableLine, type Session, type SessionDeps } from './mcp-session.ts'
import { refresher } from './refresher.ts'
import { ask } from './relay.ts'

const REFRESH_MS = 200
const PROBE_MS = 10_000

/** Connects and lists; then keeps the list true and the session alive until it is closed or lost. */
export async function mcpConnected(
  deps: SessionDeps,
  events: ConnectorEvents,
  signal: AbortSignal,
): Promise<Connected> {
  const session: Session = {
    ...deps,
    events,
    lifetime: new AbortController(),
    refresh: refresher(() => relist(session), REFRESH_MS, deps.deps.schedule),
    calls: new Set(),
    line: undefined,
    relinking: undefined,
    lost: undefined,
  }
  const { link, listing } = await establish(session, signal)
  return {
    source: {
      connection: deps.spec.connection,
      callTool: (name, input, exchange) => callTool(session, { name, input, exchange }),
      close: () => close(session),
    },
    identity: link.identity,
    tools: listing.tools,
    problems: () => session.line?.listing.problems ?? [],
    probe: (probeSignal) => probe(session, probeSignal),
    close: () => close(session),
  }
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
}

async function close(session: Session): Promise<void> {
  session.lifetime.abort()
  session.refresh.stop()
  session.line?.watch.stop()
  await session.line?.link.close()
}
