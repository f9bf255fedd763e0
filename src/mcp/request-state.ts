import { createHash } from 'node:crypto'
import { isJsonObject, type Json, type JsonObject } from '../kernel/json.ts'
import type { Principal } from '../kernel/principal.ts'
import type { Seal } from './deps.ts'
import { ownerOf } from './sessions.ts'

/** What a client keeps for us between two rounds of a call. */
export type RequestState =
  /** The call waits in this process, under a name that is good for one round: no answer can be played twice. */
  | { readonly kind: 'parked'; readonly call: string }
  /** The call is over, and the downstream server goes on from its own state. */
  | { readonly kind: 'relayed'; readonly state: string }

/** The request that a state belongs to: nobody else may use it, nor for anything else. */
export interface StateBinding {
  readonly principal: Principal
  readonly toolset?: string | undefined
  readonly method: string
  readonly params: JsonObject
}

export function sealState(seal: Seal, state: RequestState, binding: StateBinding, expiresAt: number): string {
  return seal.seal({ ...state, for: fingerprintOf(binding), until: expiresAt })
}

/** The state, when it is ours, for this very request of this principal, and not too old. */
export function openState(seal: Seal, text: string, binding: StateBinding, now: number): RequestState | undefined {
  const opened = seal.open(text)
  if (!opened || opened['for'] !== fingerprintOf(binding) || !(Number(opened['until']) > now)) return undefined
  const { kind, call, state } = opened
  if (kind === 'parked' && typeof call === 'string') return { kind, call }
  return kind === 'relayed' && typeof state === 'string' ? { kind, state } : undefined
}

/** SHA-256 over principal, toolset, method and params, whatever the order of their members; rounds and `_meta` are left out. */
function fingerprintOf({ principal, toolset = '', method, params }: StateBinding): string {
  const { _meta, inputResponses: _answers, requestState: _state, ...asked } = params
  const text = JSON.stringify([ownerOf(principal), toolset, method, asked], sortedMembers)
  return createHash('sha256').update(text).digest('base64url')
}

const sortedMembers = (_key: string, value: Json): Json =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value
