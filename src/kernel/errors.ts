import type { JsonObject } from './json.ts'
import type { ErrorCode } from './problem.ts'

export interface GatewayErrorOptions {
  /** The failure underneath. Goes to logs only. */
  readonly cause?: unknown
  /** Facts for programs that are safe to show, such as `{ retryAfterMs: 1200 }`. */
  readonly data?: JsonObject
}

/**
 * The only thing thrown on purpose. `code` is for programs; `message` is for the caller: what happened, to what,
 * and what to do next. It never holds a stack, a token, or a URL with its query.
 */
export class GatewayError extends Error {
  override readonly name = 'GatewayError'
  readonly code: ErrorCode
  readonly data: JsonObject

  constructor(code: ErrorCode, detail: string, options: GatewayErrorOptions = {}) {
    super(detail, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.data = options.data ?? {}
  }
}

/** What was thrown, as an error. */
export const toError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)))

/** The one door for strangers: anything that is not ours becomes `internal`, its words kept for the log only. */
export function toGatewayError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error
  return new GatewayError('internal', 'Something went wrong inside the gateway. Its log has the details.', {
    cause: error,
  })
}
