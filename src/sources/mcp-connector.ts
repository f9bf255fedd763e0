import { createHash } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import type { Connected, Connector, ConnectorEvents } from './connector.ts'
import { toConnectError } from './mcp-failure.ts'
import { openLink, type Era, type Link, type LinkEvents } from './mcp-link.ts'
import { mcpConnected } from './mcp-connected.ts'
import type { SessionDeps } from './mcp-session.ts'
import { DEFAULT_TIMEOUTS, type McpDeps, type McpSpec } from './mcp-spec.ts'
import { deadline } from './schedule.ts'
import { isFresh } from './verdicts.ts'

/**
 * A downstream MCP server over stdio, Streamable HTTP or SSE, of either protocol era. `connect` rejects within `connectMs`
 * with a GatewayError whose `data.stderr` holds the last lines of a process, and `data.reauth` is true when the
 * credential was refused.
 */
export function mcpConnector(spec: McpSpec, deps: McpDeps): Connector {
  const session: SessionDeps = {
    spec,
    deps,
    timeouts: { ...DEFAULT_TIMEOUTS, ...spec.timeouts },
    open: (events, signal) => openRemembering(session, events, signal),
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
async function openRemembering(
  { spec, deps, timeouts }: SessionDeps,
  events: LinkEvents,
  signal: AbortSignal,
): Promise<Link> {
  const { verdicts, clock } = deps
  const endpoint = endpointOf(spec)
  const verdict = await verdicts.get(spec.connection)
  const era: Era | undefined = verdict && isFresh(verdict, endpoint, clock()) ? verdict.era : undefined
  try {
    const link = await openLink({ spec, deps, events, era, connectMs: timeouts.connectMs, signal })
    if (link.era !== era) await verdicts.set(spec.connection, { era: link.era, at: clock(), endpoint })
    return link
  } catch (error) {
    if (verdict) await verdicts.set(spec.connection, undefined)
    throw error
  }
}

function endpointOf({ transport }: McpSpec): string {
  const parts = transport.kind === 'stdio' ? [transport.command, ...transport.args] : [transport.url.href]
  return createHash('sha256')
    .update(JSON.stringify([transport.kind, ...parts]))
    .digest('hex')
}
