import type { JsonObject } from '../../kernel/json.ts'
import type { Principal } from '../../kernel/principal.ts'
import { principalFor } from '../caller.ts'
import type { Projection } from './projection.ts'

/** A call as the audit log remembers it. What is left out was not recorded, which is not the same as empty. */
export interface RecordedCall {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly organisation?: string
  readonly agent: string
  readonly user?: string
  readonly groups: readonly string[]
  readonly claims?: JsonObject
  /** Canonical id. */
  readonly tool: string
  /** The part of the arguments that rules of then referred to; `arguments` goes before it. */
  readonly projection?: Projection
  readonly arguments?: JsonObject
  /** What the run had seen when the call was made. */
  readonly labels?: readonly string[]
}

/** At most this many callers are kept; a replay has them over and over. */
const MAX_CALLERS = 10_000

/** Makes the principal of each call, the same object for the same caller, so that its view is found at once. */
export function callers(): (call: RecordedCall) => Principal {
  const known = new Map<string, Principal>()
  return ({ organisation, agent, user, groups, claims }) => {
    const caller = { organisation, agent, user, groups, claims }
    const key = JSON.stringify(caller)
    if (!known.has(key) && known.size >= MAX_CALLERS) known.clear()
    const principal = known.get(key) ?? principalFor(caller)
    known.set(key, principal)
    return principal
  }
}
