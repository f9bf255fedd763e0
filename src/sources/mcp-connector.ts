import { GatewayError } from '../kernel/errors.ts'
import type { Connected, Connector, ConnectorEvents } from './connector.ts'
import { mcpConnected } from './mcp-connected.ts'
import { erasOf } from './mcp-eras.ts'
import { toConnectError } from './mcp-failure.ts'
import { openLink, type Link, type LinkEvents } from './mcp-link.ts'
import type { SessionDeps } from './mcp-session.ts'
import { DEFAULT_TIMEOUTS, type McpDeps, type McpSpec } from './mcp-spec.ts'
import { deadline } from './schedule.ts'

/**
 * A downstream MCP server over stdio, Streamable HTTP or SSE, of either protocol era. `connect` rejects within `connectMs`
 * with a GatewayError whose `data.stderr` holds the last lines of a process, and `data.reauth` is true when the
 * credential was refused.
 */
export function mcpConnector(spec: McpSpec, deps: McpDeps): Connector {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...spec.timeouts }
  const { connectMs } = timeouts
  const session: SessionDeps = {
    spec,
    deps,
    timeouts,
    eras: erasOf(spec, deps),
    open: (events, signal) => openRemembering(session, events, signal),
    openAs: (era, events, signal, subject) => openLink({ spec, deps, events, era, connectMs, signal, subject }),
  }
  return {
    connection: spec.connection,
    provider: 'mcp',
    connect: (events, signal) => connect(session, events, signal),
  }
}

async function connect(session: SessionDeps, events: ConnectorEvents, signal: AbortSignal): Promise<Connected> {
  const { spec, deps, timeouts } = session
  const limit = deadline(signal, timeouts.connectMs, deps.schedule)
  try {
    return await mcpConnected(session, events, limit.signal)
  } catch (error) {
    if (signal.aborted) throw new GatewayError('cancelled', 'Connecting was given up.', { cause: error })
    if (!(error instanceof GatewayError)) throw toConnectError(error, spec)
    if (!limit.expired()) throw error
    throw new GatewayError('upstream_timeout', `The server was not ready within ${timeouts.connectMs} ms.`, {
      cause: error,
      data: error.data,
    })
  } finally {
    limit.release()
  }
}

/** Opens a link with the era that is remembered, and remembers what was found; a failure forgets it. */
async function openRemembering({ eras, openAs }: SessionDeps, events: LinkEvents, signal: AbortSignal): Promise<Link> {
  const era = await eras.first()
  try {
    const link = await openAs(era, events, signal)
    await eras.found(link.era)
    return link
  } catch (error) {
    await eras.forget()
    throw error
  }
}
