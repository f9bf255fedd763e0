import type { Clock } from '../kernel/clock.ts'
import { isConnectionFailure } from './failure.ts'
import { retryAfterMs } from './rate-signals.ts'

export const MAX_ATTEMPTS = 3
/** The longest `Retry-After` that is waited for; a longer one is the caller's business. */
export const MAX_WAIT_MS = 5_000
const FIRST_BACKOFF_MS = 200
const PASSING_TROUBLE = new Set([502, 503, 504])

export interface RetryDeps {
  readonly clock: Clock
  /** In [0, 1): jitter. */
  readonly random: () => number
}

export interface Outcome {
  readonly reply?: { readonly status: number; readonly headers: Readonly<Record<string, string>> }
  readonly error?: unknown
}

/**
 * Milliseconds to wait before the next try, or undefined when there is none: a connection that failed, 502, 503 and 504,
 * and a 429 whose `Retry-After` is at most 5 s. Exponential with full jitter from 200 ms. Only for idempotent requests.
 */
export function retryDelay(outcome: Outcome, attempt: number, deps: RetryDeps): number | undefined {
  if (attempt >= MAX_ATTEMPTS) return undefined
  const backoff = Math.ceil(FIRST_BACKOFF_MS * 2 ** (attempt - 1) * (0.5 + deps.random() / 2))
  const { reply, error } = outcome
  if (!reply) return isConnectionFailure(error) ? backoff : undefined
  const asked = retryAfterMs(reply.headers['retry-after'], deps.clock)
  if (asked !== undefined && asked > MAX_WAIT_MS) return undefined
  if (PASSING_TROUBLE.has(reply.status)) return Math.max(asked ?? 0, backoff)
  return reply.status === 429 && asked !== undefined ? Math.max(asked, backoff) : undefined
}
