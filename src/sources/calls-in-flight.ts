import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client'
import { GatewayError } from '../kernel/errors.ts'
import type { ClientRequest, Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { type Roster, roster } from '../kernel/roster.ts'
import { canBeAsked } from './client-capabilities.ts'
import { originOf } from './origin.ts'
import type { Patience } from './patience.ts'

/** A call that a server works on. */
interface Running {
  readonly exchange: Exchange
  readonly patience: Patience | undefined
}

export interface InFlight {
  /** Marks what comes on the call's own stream. */
  readonly tag: number
}

/** The calls in flight on one link: whatever a server says of itself belongs to one of them, or to nobody. */
export interface CallsInFlight {
  readonly size: number
  enter(exchange: Exchange, patience?: Patience): InFlight
  leave(call: InFlight): void
  /**
   * Has the caller of the right call answer a request of the server. Rejects with the JSON-RPC error that the server gets
   * when there is no such caller, when it cannot be told who it is, or when it cannot be asked this.
   */
  answer(request: ClientRequest): Promise<JsonObject>
  /** Gives a log message to the call that it belongs to; one that cannot be attributed is dropped. */
  log(message: JsonObject): void
}

const METHODS = ['elicitation/create', 'sampling/createMessage', 'roots/list']

export function callsInFlight(): CallsInFlight {
  const calls = roster<Running>()
  return {
    get size() {
      return calls.size
    },
    enter: (exchange, patience) => ({ tag: calls.enter({ exchange, patience }) }),
    leave: ({ tag }) => void calls.leave(tag),
    answer: ({ method, params }) => answer(calls, { method, params: ownParams(params) }, originOf(params)),
    log(message) {
      const origin = originOf(message)
      const [only, ...others] = origin === undefined ? calls.all() : []
      const call = origin === undefined ? (others.length === 0 ? only : undefined) : calls.get(origin)
      call?.exchange.onLog?.(ownParams(message))
    },
  }
}

async function answer(calls: Roster<Running>, request: ClientRequest, origin: number | undefined): Promise<JsonObject> {
  const { method } = request
  if (!METHODS.includes(method)) throw refusal(`This client does not carry ${method}.`)
  const call = origin === undefined ? likelyCall(calls, request) : calls.get(origin)
  if (!call) throw refusal(`Nobody can be asked ${method}: no call of a client is running.`)
  const { ask } = call.exchange
  if (!ask || !canBeAsked(call.exchange, request)) throw refusal(`The client of this call does not support ${method}.`)
  // Which of a principal's calls waits for the person is not known without a stream: all of them may.
  const waiting = origin === undefined ? calls.all() : [call]
  const resumes = waiting.map(({ patience }) => patience?.pause())
  try {
    return await ask(request)
  } catch (error) {
    throw toAnswerError(error)
  } finally {
    for (const resume of resumes) resume?.()
  }
}

/**
 * Without a stream of its own a request carries no sign of the call that it belongs to. It is certain while all calls are
 * of one principal; then its newest call that can answer is asked. With several principals it would be a guess.
 */
function likelyCall(calls: Roster<Running>, request: ClientRequest): Running | undefined {
  const all = calls.all()
  if (new Set(all.map(({ exchange }) => exchange.principal.id)).size > 1) {
    throw new ProtocolError(
      ProtocolErrorCode.InternalError,
      `It cannot be told which caller ${request.method} is for: calls of several are running. Try again.`,
    )
  }
  return all.findLast(({ exchange }) => canBeAsked(exchange, request)) ?? all.at(-1)
}

const refusal = (message: string): ProtocolError => new ProtocolError(ProtocolErrorCode.MethodNotFound, message)

/** The client's own refusal reaches the server as it is; a client that went away says just that. */
function toAnswerError(error: unknown): ProtocolError {
  const { code, message, data } = error instanceof GatewayError ? error.data : {}
  if (typeof code === 'number' && typeof message === 'string') return new ProtocolError(code, message, data)
  const reason = error instanceof GatewayError ? error.message : 'The client did not answer.'
  return new ProtocolError(ProtocolErrorCode.InternalError, reason)
}

/** The params without what belongs to the hop; `Object.entries` leaves the mark of the origin out. */
function ownParams(params: JsonObject): JsonObject {
  const { _meta, ...rest } = Object.fromEntries(Object.entries(params))
  const meta = Object.entries(_meta ?? {}).filter(([key]) => key !== 'progressToken')
  return meta.length === 0 ? rest : { ...rest, _meta: Object.fromEntries(meta) }
}
