import { GatewayError } from '../kernel/errors.ts'
import { changeWatch } from './change-watch.ts'
import { lookAgain, onNotification, resubscribe } from './mcp-changes.ts'
import { NO_FEATURES } from './mcp-features.ts'
import { openLine, type Line } from './mcp-line.ts'
import { readFeatures, readTools } from './mcp-offer.ts'
import { hasLostSession, lose, over, type MainLine, type Session } from './mcp-session.ts'
import { deadline } from './schedule.ts'

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
