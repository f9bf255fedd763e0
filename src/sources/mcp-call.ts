import { GatewayError } from '../kernel/errors.ts'
import type { Exchange, Resumption } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { lineFor, replace } from './line-for.ts'
import { isUnreachable, toCallError } from './mcp-failure.ts'
import type { Line } from './mcp-line.ts'
import { mirrorsHeaders } from './mcp-offer.ts'
import { toParamHeaders } from './mcp-param-headers.ts'
import { hasLostSession, lose, type Session } from './mcp-session.ts'
import { relay, toToolResult } from './relay.ts'
import { withRounds } from './rounds.ts'

export interface McpCall {
  readonly method: string
  readonly params: JsonObject
  readonly exchange: Exchange
  /** Whether doing it twice is the same as doing it once. */
  readonly repeatable: boolean
  /** What of the params travels in headers too, where a transport has them. */
  readonly headers: () => Readonly<Record<string, string>>
}

/** Calls a tool of a downstream server. Rejects with a GatewayError. */
export function callTool(
  session: Session,
  { name, input, exchange }: { readonly name: string; readonly input: JsonObject; readonly exchange: Exchange },
): Promise<ToolResult> {
  const tool = session.tools.byName.get(name)
  return relayed(session, {
    method: 'tools/call',
    params: { name, arguments: input },
    exchange,
    repeatable: tool?.traits.idempotent === true || tool?.traits.effect === 'read',
    headers: () => (tool ? toParamHeaders(session.tools.mirrored(tool), input) : {}),
  }).then(toToolResult)
}

/**
 * Sends a call on, and answers what a modern server asks a legacy caller in between. When the server has forgotten the
 * session, a new one is started, and the call is repeated if that does no harm. Rejects with a GatewayError.
 */
export const relayed = (session: Session, call: McpCall): Promise<JsonObject> =>
  withRounds((resumption) => sendOnce(session, call, resumption), call.exchange, session.deps.clock)

async function sendOnce(session: Session, call: McpCall, resumption: Resumption | undefined): Promise<JsonObject> {
  const found = lineFor(session, call.exchange)
  const line = found instanceof Promise ? await found : found
  try {
    const hearing = call.exchange.onLog ? line.hearLogs() : undefined
    if (hearing) await hearing
    return await send(session, line, call, resumption)
  } catch (error) {
    if (!hasLostSession(line.link, error)) throw toFailure(session, line, error)
    await replace(session, line)
    return await sendAgain(session, call)
  }
}

function send(
  { timeouts, deps }: Session,
  line: Line,
  { method, params, exchange, headers }: McpCall,
  resumption?: Resumption,
): Promise<JsonObject> {
  const mirrored = mirrorsHeaders(line.link) ? headers() : {}
  return relay(line, { method, params, exchange, headers: mirrored, resumption }, timeouts, deps)
}

async function sendAgain(session: Session, call: McpCall): Promise<JsonObject> {
  const line = await lineFor(session, call.exchange)
  if (!call.repeatable) {
    throw new GatewayError(
      'upstream_failed',
      'The server had forgotten its session. The gateway has connected anew but did not repeat the call; call again.',
    )
  }
  try {
    if (call.exchange.onLog) await line.hearLogs()
    return await send(session, line, call)
  } catch (error) {
    throw toFailure(session, line, error)
  }
}

function toFailure(session: Session, line: Line, error: unknown): GatewayError {
  const failure = toCallError(error)
  const wasNotRun = isUnreachable(error) || failure.data['reauth'] === true
  if (wasNotRun && !session.ofUsers.drop(line)) lose(session, line.link.explain(error))
  const lost = line.closed() ?? session.lost
  if (wasNotRun || !lost || failure.code === 'cancelled') return failure
  const detail = `${lost.message} It is not known whether the call was carried out.`
  return new GatewayError('upstream_failed', detail, { cause: error })
}
