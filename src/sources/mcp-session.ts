import type { Subject } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { ChangeWatch } from './change-watch.ts'
import type { ConnectorEvents } from './connector.ts'
import type { Eras } from './mcp-eras.ts'
import { isLostSession } from './mcp-failure.ts'
import type { FeatureListing } from './mcp-features.ts'
import type { Line } from './mcp-line.ts'
import type { Link, LinkEvents } from './mcp-link.ts'
import type { Era, McpDeps, McpSpec, McpTimeouts } from './mcp-spec.ts'
import type { ToolListing } from './mcp-tools.ts'
import type { OtherLine } from './other-line.ts'
import type { PersonalLines } from './personal-lines.ts'
import type { Refresher } from './refresher.ts'
import type { UserLines } from './user-lines.ts'

export interface SessionDeps {
  readonly spec: McpSpec
  readonly deps: McpDeps
  readonly timeouts: McpTimeouts
  readonly eras: Eras
  /** Opens a link of the era that the server is known, or found, to speak. */
  readonly open: (events: LinkEvents, signal: AbortSignal) => Promise<Link>
  readonly openAs: (era: Era | undefined, events: LinkEvents, signal: AbortSignal, subject?: Subject) => Promise<Link>
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
  /** The lines of people who bring their own account, where all do. */
  readonly ofUsers: UserLines
  tools: ToolListing
  features: FeatureListing
  line: MainLine | undefined
  relinking: Promise<void> | undefined
  lost: GatewayError | undefined
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
  if (session.line && isUp(session)) return session.line
  throw over()
}

const isUp = ({ lost, lifetime }: Session): boolean => !lost && !lifetime.signal.aborted

/** The main line, where nothing has to be waited for. */
export const lineNow = (session: Session): MainLine | undefined =>
  isUp(session) && !session.relinking ? session.line : undefined

/** Why nothing can be sent any more. */
export const over = (): GatewayError =>
  new GatewayError('upstream_failed', 'The connection to the server has ended. Try again in a moment.')

/** Only a legacy session can be forgotten; without one, 404 means that nothing is there. */
export const hasLostSession = ({ client }: Link, error: unknown): boolean =>
  isLostSession(error) && client.transport?.sessionId !== undefined
