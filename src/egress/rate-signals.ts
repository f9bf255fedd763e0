import type { Clock } from '../kernel/clock.ts'

/** What a service says of its limits is believed for so long, milliseconds; then it is asked again. */
export const LONGEST_MS = 3_600_000

export interface RateSignal {
  /** What it is about: everything of the account, or what is named by the reply or else by the request's path. */
  readonly scope: 'account' | 'part'
  /** Milliseconds since the epoch. */
  readonly until: number
}

type Headers = Readonly<Record<string, string>>

/**
 * The moment before which a service wants no more requests, as it says it; undefined when it says nothing. Read are
 * `Retry-After` (RFC 9110 §10.2.3) of 403, 429 and 503, and a remainder of 0 in `X-RateLimit-*`, `X-Rate-Limit-*`,
 * `RateLimit-*` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers, both of its forms).
 */
export function rateSignal(status: number, headers: Headers, clock: Clock): RateSignal | undefined {
  const now = clock()
  const asked =
    status === 403 || status === 429 || status === 503 ? retryAfterMs(headers['retry-after'], clock) : undefined
  const exhausted = resetMs(headers, now)
  const waitMs = Math.max(asked ?? 0, exhausted ?? 0)
  if (waitMs <= 0) return undefined
  const isWhole = status === 503 || exhausted !== undefined
  return { scope: isWhole ? 'account' : 'part', until: now + Math.min(waitMs, LONGEST_MS) }
}

/** `Retry-After` in milliseconds: seconds or an HTTP date (RFC 9110 §10.2.3). */
export function retryAfterMs(header: string | undefined, clock: Clock): number | undefined {
  if (header === undefined) return undefined
  if (/^[0-9]{1,9}(?:\.[0-9]{1,9})?$/.test(header.trim())) return Math.ceil(Number(header) * 1_000)
  const at = Date.parse(header)
  return Number.isNaN(at) ? undefined : Math.max(0, at - clock())
}

const PREFIXES = ['x-ratelimit', 'x-rate-limit', 'ratelimit']

/** Milliseconds until a limit that is used up is filled again. */
function resetMs(headers: Headers, now: number): number | undefined {
  const own = PREFIXES.filter((prefix) => isZero(headers[`${prefix}-remaining`])).map((prefix) =>
    momentMs(headers[`${prefix}-reset`], now),
  )
  const waits = [...own, ...structured(headers['ratelimit'])].filter((ms) => ms !== undefined)
  return waits.length === 0 ? undefined : Math.max(...waits)
}

/** `"burst";r=0;t=30` and, in drafts up to 07, `limit=100, remaining=0, reset=30`. */
function structured(header: string | undefined): readonly (number | undefined)[] {
  if (header === undefined || header.length > 1_000) return []
  if (/\bremaining=0\b/.test(header)) return [secondsMs(/\breset=([0-9]{1,9})\b/.exec(header)?.[1])]
  return header
    .split(',')
    .flatMap((item) => (/;\s*r=0\b/.test(item) ? [secondsMs(/;\s*t=([0-9]{1,9})\b/.exec(item)?.[1])] : []))
}

const secondsMs = (text: string | undefined): number | undefined =>
  text === undefined ? undefined : Number(text) * 1_000

/** Smaller numbers are seconds from now, larger ones seconds or milliseconds since the epoch. */
const EPOCH_SECONDS = 1e9
const EPOCH_MS = 1e12

function momentMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined
  if (/^[0-9]{1,15}(?:\.[0-9]{1,9})?$/.test(header.trim())) {
    const value = Number(header)
    if (value >= EPOCH_MS) return value - now
    return value >= EPOCH_SECONDS ? value * 1_000 - now : value * 1_000
  }
  const at = /[-:]/.test(header) ? Date.parse(header) : Number.NaN
  return Number.isNaN(at) ? undefined : at - now
}

const isZero = (header: string | undefined): boolean => header !== undefined && /^0+(?:\.0+)?$/.test(header.trim())
