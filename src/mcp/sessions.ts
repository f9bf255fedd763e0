import type { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import type { Clock } from '../kernel/clock.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Events } from './event-store.ts'
import type { RunningRequests } from './running-requests.ts'
import type { Served } from './server.ts'
import type { Subscriber } from './subscriptions.ts'

/** A legacy client's session. Its id is a name, not a right: every request proves its principal anew. */
export interface Session {
  readonly id: string
  readonly principal: Principal
  readonly served: Served
  readonly transport: WebStandardStreamableHTTPServerTransport
  readonly events: Events
  readonly subscriber: Subscriber
  /** Requests that the lean door is answering, to be aborted by `notifications/cancelled`. */
  readonly running: RunningRequests
}

export interface SessionLimits {
  readonly total: number
  readonly perPrincipal: number
  /** A session without a request and without an open stream for this long ends, milliseconds. */
  readonly idleMs: number
}

export const SESSION_LIMITS: SessionLimits = { total: 1_000, perPrincipal: 50, idleMs: 30 * 60_000 }

export interface Sessions {
  /** Why the principal cannot have another session now; undefined when it can. */
  refusal(principal: Principal): string | undefined
  add(session: Session): void
  /** The principal's session; another's is as unknown as none. Counts as a sign of life. */
  find(id: string, principal: Principal): Session | undefined
  /** The session of this id, whoever asks. Counts as a sign of life. */
  known(id: string): Session | undefined
  /** Keeps the session from being idle until the signal, which stands for an open stream, aborts. */
  hold(session: Session, signal: AbortSignal): void
  all(): readonly Session[]
  /** Aborts what runs in the session, closes its streams and forgets it. */
  end(session: Session): Promise<void>
  /** Ends the sessions that are idle for too long. */
  sweep(): Promise<void>
}

interface Entry {
  readonly session: Session
  lastSeen: number
  streams: number
}

/** Sessions live in this process only: after a restart a client gets 404 and initializes again, as the transport demands. */
export function sessionBook(clock: Clock, limits: SessionLimits, onEnded?: (id: string) => void): Sessions {
  const entries = new Map<string, Entry>()
  const isIdle = ({ lastSeen, streams }: Entry): boolean => streams === 0 && clock() - lastSeen > limits.idleMs
  const end = async (session: Session): Promise<void> => {
    entries.delete(session.id)
    onEnded?.(session.id)
    session.running.abort()
    session.subscriber.end()
    session.events.end()
    await session.transport.close()
  }
  const alive = (entry: Entry): Session | undefined => {
    if (isIdle(entry)) {
      void end(entry.session)
      return undefined
    }
    entry.lastSeen = clock()
    return entry.session
  }
  const dropIdle = (): readonly Promise<void>[] =>
    [...entries.values()].filter(isIdle).map(({ session }) => end(session))
  return {
    refusal(principal) {
      if (entries.size >= limits.total || countOf(entries, principal) >= limits.perPrincipal)
        void Promise.all(dropIdle())
      if (countOf(entries, principal) >= limits.perPrincipal) return tooMany('you have', limits.perPrincipal)
      return entries.size >= limits.total ? tooMany('the gateway has', limits.total) : undefined
    },
    add(session) {
      entries.set(session.id, { session, lastSeen: clock(), streams: 0 })
    },
    find(id, principal) {
      const entry = entries.get(id)
      return entry && ownerOf(entry.session.principal) === ownerOf(principal) ? alive(entry) : undefined
    },
    known(id) {
      const entry = entries.get(id)
      return entry && alive(entry)
    },
    hold(session, signal) {
      const entry = entries.get(session.id)
      if (!entry || signal.aborted) return
      entry.streams += 1
      signal.addEventListener('abort', () => {
        entry.streams -= 1
        entry.lastSeen = clock()
      })
    },
    all: () => [...entries.values()].map(({ session }) => session),
    end,
    async sweep() {
      await Promise.all(dropIdle())
    },
  }
}

/** Whom a session belongs to: organisations may use the same agent ids. */
export function ownerOf(principal: Principal): string {
  const known = owners.get(principal) ?? JSON.stringify([principal.organisation, principal.id])
  owners.set(principal, known)
  return known
}

/** Asked several times for every request, of principals that stay the same object. */
const owners = new WeakMap<Principal, string>()

const countOf = (entries: ReadonlyMap<string, Entry>, principal: Principal): number => {
  const owner = ownerOf(principal)
  return [...entries.values()].filter(({ session }) => ownerOf(session.principal) === owner).length
}

const tooMany = (who: string, limit: number): string =>
  `Too many sessions: ${who} ${limit} open. End one with DELETE and its Mcp-Session-Id, or wait until idle ones expire.`
