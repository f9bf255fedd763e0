import { at } from './pointer.ts'
import type { VendorFailure } from './provider.ts'
import type { WireReply } from './request.ts'

const MAX_WORDS = 300

const BY_STATUS: Readonly<Record<number, VendorFailure['kind']>> = {
  401: 'reauth',
  403: 'forbidden',
  404: 'not_found',
  408: 'upstream',
  409: 'conflict',
  410: 'not_found',
  412: 'conflict',
  423: 'conflict',
  429: 'rate_limit_exceeded',
}

/** Where a vendor puts its words: JSON Pointers into the body, the first that holds text wins. */
export interface FailureWords {
  readonly message: readonly string[]
}

/**
 * The usual reading of HTTP status codes (RFC 9110 §15): 401 reauth, 403 forbidden, 404 and 410 not found, 409 and 412
 * conflict, 429 rate limited with its `Retry-After`, other 4xx invalid input, 3xx and 5xx a failing service. Undefined for 2xx.
 */
export function failureByStatus(reply: WireReply, words: FailureWords): VendorFailure | undefined {
  if (reply.status >= 200 && reply.status < 300) return undefined
  const kind = BY_STATUS[reply.status] ?? (reply.status >= 400 && reply.status < 500 ? 'invalid_input' : 'upstream')
  return { kind, message: wordsOf(reply, words.message), ...(kind === 'rate_limit_exceeded' ? retryAfter(reply) : {}) }
}

/** The vendor's own words, on one line of at most 300 characters; the bare status when it has none. */
export function wordsOf(reply: WireReply, pointers: readonly string[]): string {
  const found = pointers.map((pointer) => at(reply.body, pointer)).find((value) => typeof value === 'string' && value)
  const text =
    typeof found === 'string'
      ? found
          .slice(0, MAX_WORDS * 4)
          .replaceAll(/\s+/g, ' ')
          .trim()
      : ''
  if (!text) return `HTTP ${reply.status}`
  return text.length > MAX_WORDS ? `${text.slice(0, MAX_WORDS - 1)}…` : text
}

/**
 * When to try again: `Retry-After` as seconds or as an HTTP date (RFC 9110 §10.2.3), else the epoch seconds in
 * `resetHeader` (such as GitHub's `x-ratelimit-reset`). Empty when the vendor does not say.
 */
export function retryAfter(reply: WireReply, resetHeader?: string): Pick<VendorFailure, 'retryAfterMs' | 'retryAt'> {
  const after = reply.headers['retry-after']?.trim()
  if (after !== undefined && /^[0-9]{1,9}(?:\.[0-9]{1,6})?$/.test(after)) {
    return { retryAfterMs: Math.ceil(Number(after) * 1000) }
  }
  const date = after === undefined ? Number.NaN : Date.parse(after)
  if (!Number.isNaN(date)) return { retryAt: date }
  const reset = resetHeader === undefined ? undefined : reply.headers[resetHeader]?.trim()
  return reset !== undefined && /^[0-9]{9,11}$/.test(reset) ? { retryAt: Number(reset) * 1000 } : {}
}
