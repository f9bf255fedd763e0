import type { Principal } from '../kernel/principal.ts'
import { isAskable } from './capabilities.ts'
import { type CallLimits, mcpCalls } from './calls.ts'
import { classifier, isCall } from './classify.ts'
import type { McpDeps } from './deps.ts'
import { type Caller, modernProtocol, toObject } from './exchange.ts'
import { headerParams } from './header-params.ts'
import { leanDoor, type LeanSession } from './lean.ts'
import { readMessage } from './message.ts'
import type { RpcId } from './rpc.ts'
import { runningRequests } from './running-requests.ts'
import type { McpHttp, SessionFacts } from './streamable-http.ts'
import { ownerOf } from './sessions.ts'

/** How long what was heard of a session counts, milliseconds: so much later a worker knows that it is over. */
const FACTS_MS = 1_000
/** Sessions that are remembered. */
const MOST_SESSIONS = 10_000

/** The other process: it has the sessions, and answers everything that is not answered here. */
export interface Elsewhere {
  /** What the process that has the sessions says of one. */
  session(id: string): Promise<SessionFacts | undefined>
  log(session: string, message: object): void
  /** Whether a `tools/call` of this name can be answered here, wholly. */
  serves(name: unknown, caller: Caller): boolean
}

export interface LeanHttp {
  /** Answers a plain request; undefined, before anything was done, for everything that the other process has to answer. */
  plain: McpHttp['plain']
  /** Aborts a call of a session; all of them without a request. */
  cancel(session: string, request?: RpcId): void
  /** Aborts what runs for the principals that match. */
  end(matches: (principal: Principal) => boolean): void
  /** Calls that run. */
  running(): number
  /** Lets running calls finish for so long (milliseconds). */
  close(graceMs: number): Promise<void>
}

interface Known {
  readonly owner: string
  readonly session: LeanSession
  until: number
}

/** The lean door without the rest of the house: plain requests of all principals, also in sessions of another process. */
export function leanHttp(deps: McpDeps, elsewhere: Elsewhere, limits: CallLimits = {}): LeanHttp {
  const calls = mcpCalls(deps, limits)
  const book = sessionCopies(deps, elsewhere)
  const quick = leanDoor({ deps, methods: calls, sessions: book })
  const headerProblem = headerParams(deps.tools)
  const classify = classifier()
  return {
    async plain({ request, text, ...caller }) {
      const read = readMessage(text)
      if (read.error) return undefined
      const { body } = read
      const message = toObject(body)
      const params = toObject(message['params'])
      if (message['method'] === 'tools/call' && !elsewhere.serves(params['name'], caller)) return undefined
      const route = classify({ method: 'POST', headers: request.headers }, body)
      if (isCall(route)) {
        if (headerProblem(params, request.headers, caller)) return undefined
        // Who can be asked may have its call parked, and parked calls are found where sessions are.
        if (isAskable(modernProtocol(toObject(params['_meta'])).capabilities)) return undefined
      }
      const session = request.headers.get('mcp-session-id')
      if (session !== null) await book.learn(session)
      return quick({ request, body, caller, route })
    },
    cancel: book.cancel,
    end: calls.end,
    running: () => calls.counts().running,
    close: (graceMs) => calls.drained(graceMs),
  }
}

function sessionCopies({ clock }: McpDeps, elsewhere: Elsewhere) {
  const known = new Map<string, Known>()
  const forget = (): void => {
    for (const [id, { session, until }] of known) if (until < clock() && session.running.size === 0) known.delete(id)
  }
  return {
    find(id: string, principal: Principal): LeanSession | undefined {
      const copy = known.get(id)
      return copy && copy.owner === ownerOf(principal) && copy.until >= clock() ? copy.session : undefined
    },
    async learn(id: string): Promise<void> {
      const copy = known.get(id)
      if (copy && copy.until >= clock()) return
      const facts = await elsewhere.session(id)
      if (!facts) return void (copy && (copy.until = 0))
      if (known.size >= MOST_SESSIONS) forget()
      const until = clock() + FACTS_MS
      if (copy) copy.until = until
      else if (known.size < MOST_SESSIONS)
        known.set(id, { owner: facts.owner, session: toSession(id, facts, elsewhere), until })
    },
    cancel(id: string, request?: RpcId): void {
      const copy = known.get(id)
      if (!copy) return
      copy.session.running.abort(request)
      if (request === undefined) copy.until = 0
    },
  }
}

const toSession = (id: string, { protocol }: SessionFacts, elsewhere: Elsewhere): LeanSession => ({
  id,
  running: runningRequests(),
  served: { protocol: () => protocol, logLevel: () => undefined, log: (message) => elsewhere.log(id, message) },
})
