import type { Clock } from '../kernel/clock.ts'
import type { Exchange } from '../kernel/exchange.ts'
import type { JsonObject } from '../kernel/json.ts'
import { isAskable } from './capabilities.ts'
import type { Seal } from './deps.ts'
import { isInputRequired, ROUND_TRIP_METHODS } from './input-required.ts'
import type { Methods, Reply } from './method.ts'
import { type Outcome, type ParkedCall, parkedCall } from './parked-call.ts'
import type { ParkedCalls } from './parked-calls.ts'
import { openState, sealState, type StateBinding } from './request-state.ts'
import { INTERNAL_ERROR, INVALID_PARAMS } from './rpc.ts'

export interface Parking {
  readonly methods: Methods
  readonly parked: ParkedCalls
  readonly seal: Seal
  readonly clock: Clock
  /** How long a state can be used, milliseconds. */
  readonly ttlMs: number
}

/**
 * The methods, where calls of modern callers can ask for input (MCP 2026-07-28, Multi Round-Trip Requests). A call that
 * asks while it runs is parked here and goes on with the retry. A downstream server's own `input_required` needs no
 * memory: its state travels inside ours. What the client keeps is sealed, and bound to its principal, toolset,
 * method and params.
 */
export function withParking(parking: Parking): Methods {
  const { methods } = parking
  return {
    serves: (method) => methods.serves(method),
    answer(method, params, exchange) {
      if (exchange.protocol.era === 'legacy' || !ROUND_TRIP_METHODS.has(method)) {
        return methods.answer(method, params, exchange)
      }
      const { principal, toolset } = exchange
      const binding = { principal, toolset, method, params }
      const text = exchange.resumption?.requestState
      return text === undefined ? start(parking, binding, exchange) : goOn(parking, text, binding, exchange)
    },
  }
}

/** A retry, with the state that its client was given. */
async function goOn(parking: Parking, text: string, binding: StateBinding, exchange: Exchange): Promise<Reply> {
  const state = openState(parking.seal, text, binding, parking.clock())
  if (!state) return INVALID_STATE
  if (state.kind === 'parked') return resume(parking, state.call, binding, exchange)
  const inputResponses = exchange.resumption?.inputResponses
  const resumption = { requestState: state.state, ...(inputResponses && { inputResponses }) }
  return start(parking, binding, { ...exchange, resumption })
}

function start(parking: Parking, binding: StateBinding, exchange: Exchange): Promise<Reply> {
  const { method, params } = binding
  const run = (running: Exchange): Promise<Reply> => parking.methods.answer(method, params, running)
  if (!isAskable(exchange.protocol.capabilities))
    return run(exchange).then((reply) => withSealedState(parking, reply, binding))
  const call = parkedCall(exchange, run)
  return call.follow(exchange).then((outcome) => settle(parking, outcome, call, binding))
}

async function resume(parking: Parking, name: string, binding: StateBinding, exchange: Exchange): Promise<Reply> {
  const call = parking.parked.take(name)
  if (!call) return INVALID_STATE
  const following = call.follow(exchange)
  call.answer(exchange.resumption?.inputResponses)
  return settle(parking, await following, call, binding)
}

function settle(parking: Parking, outcome: Outcome, call: ParkedCall, binding: StateBinding): Reply {
  if (!outcome.questions) return withSealedState(parking, outcome.reply, binding)
  const name = parking.parked.put(call, binding)
  if (name !== undefined)
    return inputRequired(outcome.questions, sealed(parking, { kind: 'parked', call: name }, binding))
  call.cancel('Too many calls wait for an answer.')
  return TOO_MANY
}

/** A downstream server's state goes out inside ours, so that only this caller can send it back, and only in time. */
function withSealedState(parking: Parking, reply: Reply, binding: StateBinding): Reply {
  if (reply.error || !isInputRequired(reply.result)) return reply
  const { requestState: state } = reply.result
  if (typeof state !== 'string') return reply
  if (state.length > MAX_STATE) return STATE_TOO_LARGE
  return { result: { ...reply.result, requestState: sealed(parking, { kind: 'relayed', state }, binding) } }
}

const sealed = (
  { seal, clock, ttlMs }: Parking,
  state: Parameters<typeof sealState>[1],
  binding: StateBinding,
): string => sealState(seal, state, binding, clock() + ttlMs)

const inputRequired = (inputRequests: JsonObject, requestState: string): Reply => ({
  result: { resultType: 'input_required', inputRequests, requestState },
})

const TOO_MANY: Reply = {
  error: {
    code: INTERNAL_ERROR,
    message: 'Too many calls wait for an answer. Answer or cancel one and try again.',
  },
}

/** Of a downstream server's own state, characters: it travels twice in every round, and sealed. */
const MAX_STATE = 65_536

const STATE_TOO_LARGE: Reply = {
  error: { code: INTERNAL_ERROR, message: `The server's requestState is longer than ${MAX_STATE} characters.` },
}

/** The same for every reason, so that nothing can be learned from it. */
const INVALID_STATE: Reply = {
  error: {
    code: INVALID_PARAMS,
    message:
      'Invalid or expired requestState. It serves once, in time, and for the same request. Send the request without it.',
    data: { reason: 'invalid_request_state' },
  },
}
