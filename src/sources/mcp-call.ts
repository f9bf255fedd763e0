import { GatewayError } from '../kernel/errors.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { isUnreachable, toCallError } from './mcp-failure.ts'
import { toParamHeaders } from './mcp-param-headers.ts'
import { hasLostSession, lose, mirrorsHeaders, relink, usableLine, type Line, type Session } from './mcp-session.ts'
import { relayCall } from './relay.ts'

export interface McpCall {
  readonly name: string
  readonly input: JsonObject
  readonly exchange: Exchange
}

/**
 * Calls a tool of a downstream server. When the server has forgotten the session, a new one is started, and the call is
 * repeated if doing it twice is the same as doing it once. Rejects with a GatewayError.
 */
export async function callTool(session: Session, call: McpCall): Promise<ToolResult> {
  const line = await usableLine(session)
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

function send({ timeouts, deps }: Session, { link, listing }: Line, call: McpCall): Promise<ToolResult> {
  const schema = mirrorsHeaders(link) ? listing.byName.get(call.name)?.definition.inputSchema : undefined
  const headers = schema ? toParamHeaders(schema, call.input) : {}
  return relayCall(link, { ...call, headers }, timeouts, deps.schedule)
}

async function sendAgain(session: Session, call: McpCall): Promise<ToolResult> {
  const line = await usableLine(session)
  const traits = line.listing.byName.get(call.name)?.traits
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
  const wasNotRun = isUnreachable(error) || failure.data['reauth'] === true
  if (wasNotRun) lose(session, link.explain(error))
  if (wasNotRun || !session.lost || failure.code === 'cancelled') return failure
  const detail = `${session.lost.message} It is not known whether the call was carried out.`
  return new GatewayError('upstream_failed', detail, { cause: error })
}
