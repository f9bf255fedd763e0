import type { Exchange } from '../kernel/exchange.ts'
import { isAskable } from './client-capabilities.ts'
import type { Line } from './mcp-line.ts'
import { relink } from './mcp-establish.ts'
import { lineNow, usableLine, type Session } from './mcp-session.ts'

/**
 * The line for a call, at once where it is open already: of the caller's era where the server speaks both, the principal's own where a legacy server over HTTP
 * could ask it, and always the person's own where everybody brings an account. Rejects with `upstream_failed` when the session
 * is over, and with `connect_required` for a person without an account.
 */
export function lineFor(session: Session, exchange: Exchange): Line | Promise<Line> {
  const main = lineNow(session)
  const line = main?.link.era === 'modern' && exchange.protocol.era === 'legacy' ? session.other.now() : main
  return line && servesAll(session, line, exchange) ? line : found(session, exchange)
}

/** Whether there is nothing about the caller that a line of its own would serve better. */
const servesAll = ({ spec }: Session, { link: { era, kind } }: Line, exchange: Exchange): boolean =>
  spec.auth?.ownership !== 'per_user' && (era === 'modern' || kind === 'stdio' || !isAskable(exchange))

async function found(session: Session, exchange: Exchange): Promise<Line> {
  const main = await usableLine(session)
  const line = (await otherLineFor(session, main, exchange)) ?? main
  if (session.spec.auth?.ownership === 'per_user') return session.ofUsers.get(exchange, line.link.era)
  const { era, kind } = line.link
  if (era !== 'legacy' || kind === 'stdio' || !isAskable(exchange)) return line
  return (await session.personal.get(exchange)) ?? line
}

async function otherLineFor({ other }: Session, main: Line, { protocol }: Exchange): Promise<Line | undefined> {
  return main.link.era === 'modern' && protocol.era === 'legacy' ? other.get() : undefined
}

/** Has a line whose session the server forgot replaced: the main one at once, others when they are needed again. */
export async function replace(session: Session, line: Line): Promise<void> {
  if (session.line === line) return relink(session, line)
  if (session.ofUsers.drop(line)) return undefined
  if (session.other.now() === line) session.other.drop(line)
  else session.personal.drop(line)
  return undefined
}
