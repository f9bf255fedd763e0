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

/** One request on its way through the house: who asks, how to stop it, how to talk back while it runs. */
export interface Exchange {
  readonly principal: Principal
  readonly requestId: string
  /** Aborted when the caller cancels or goes away. */
  readonly signal: AbortSignal
  readonly protocol: CallerProtocol
  /** The request's `_meta` without what belongs to the hop (envelope keys, `progressToken`). */
  readonly meta?: JsonObject
  /** Present when the caller asked for progress. */
  readonly onProgress?: (progress: Progress) => void
  /** Present when the caller asked for log messages: params of `notifications/message`. */
  readonly onLog?: (message: JsonObject) => void
}
