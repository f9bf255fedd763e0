import type { Ender } from './ending.ts'
import type { JsonObject } from './json.ts'
import type { Principal } from './principal.ts'

/** The protocol that a caller speaks on this request (MCP 2026-07-28 is `modern`, everything before is `legacy`). */
export interface CallerProtocol {
  readonly era: 'legacy' | 'modern'
  readonly version: string
  /** The capabilities that the client declared, as it declared them. */
  readonly capabilities: JsonObject
}

/** A progress notification of a running call, without the token: the edge that asked adds its own. */
export interface Progress extends JsonObject {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/** A request that a server makes of the client: `elicitation/create`, `sampling/createMessage` or `roots/list`. */
export interface ClientRequest {
  readonly method: string
  readonly params: JsonObject
}

/** The caller's answers to a result that asked for input (MCP 2026-07-28, multi-round-trip requests), as it sent them. */
export interface Resumption {
  readonly inputResponses?: JsonObject
  /** The downstream server's own state, byte for byte. */
  readonly requestState?: string
}

/** One request on its way through the house: who asks, how to stop it, how to talk back while it runs. */
export interface Exchange {
  readonly principal: Principal
  readonly requestId: string
  /** Over when the caller cancels or goes away, or when somebody on our side ends the call. */
  readonly ending: Ender
  readonly protocol: CallerProtocol
  /** The toolset that the caller came through: what is not in it does not exist for this request. */
  readonly toolset?: string | undefined
  /** The id of the legacy session that the request belongs to; absent for modern clients. */
  readonly session?: string | undefined
  /** The request's `_meta` without what belongs to the hop (envelope keys, `progressToken`). */
  readonly meta?: JsonObject | undefined
  /** Present when the caller asked for progress. */
  readonly onProgress?: (progress: Progress) => void
  /** Present when the caller asked for log messages: params of `notifications/message`. */
  readonly onLog?: ((message: JsonObject) => void) | undefined
  /**
   * Asks the caller while the call runs, whatever era it speaks, and resolves with its answer. Present when the caller can
   * be asked at all; which methods it declared is in `protocol.capabilities`. Rejects with `cancelled` when the caller goes
   * away or does not answer in time, with `upstream_refused` when it refuses.
   */
  readonly ask?: (request: ClientRequest) => Promise<JsonObject>
  /** Present when the caller retries a call that a modern server answered with `input_required`. */
  readonly resumption?: Resumption
}
