import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'
import { rateSignal } from './rate-signals.ts'

/** Accounts with a limit that is used up, and parts of one account that are known apart. The oldest are forgotten. */
const MOST_ACCOUNTS = 10_000
const MOST_PARTS = 64
/** Names of limits are short words. */
const LONGEST_NAME = 64

/** Whose limit a request uses, and which part of the service. */
export interface Drawing {
  readonly account: string
  readonly part: string
  readonly host: string
}

/** What services have said of their limits. Asking on would only make them wait longer. */
export interface Quotas {
  /** Throws `rate_limit_exceeded` with `retryAfterMs` while what the request would use is used up. */
  check(drawing: Drawing): void
  /** Takes in what a reply says. */
  learn(drawing: Drawing, reply: { readonly status: number; readonly headers: Readonly<Record<string, string>> }): void
}

interface Account {
  /** The limit that a part of the service counts for, as the service has named it. */
  readonly limits: Map<string, string>
  /** Used up until then, by limit or part; `*` is everything. */
  readonly until: Map<string, number>
}

const ALL = '*'

/**
 * A used-up limit concerns what the service names (`X-RateLimit-Resource`, `X-RateLimit-Bucket`); without a name, a
 * remainder of 0 and a 503 concern the whole account, and a bare `Retry-After` the part of the service that was asked: some
 * services count each method for itself.
 */
export function quotas(clock: Clock): Quotas {
  const accounts = new Map<string, Account>()
  return {
    check({ account, part, host }) {
      const known = accounts.get(account)
      if (!known) return
      const now = clock()
      for (const [scope, until] of known.until) if (until <= now) known.until.delete(scope)
      const until = Math.max(known.until.get(scopeOf(known, part)) ?? 0, known.until.get(ALL) ?? 0)
      if (until > now) throw usedUp(host, until - now)
    },
    learn({ account, part }, { status, headers }) {
      const name = headers['x-ratelimit-resource'] ?? headers['x-ratelimit-bucket']
      const signal = rateSignal(status, headers, clock)
      if (name === undefined && !signal) return
      const known = accounts.get(account) ?? { limits: new Map(), until: new Map() }
      put(accounts, account, known, MOST_ACCOUNTS)
      if (name !== undefined && name.length <= LONGEST_NAME) put(known.limits, part, name, MOST_PARTS)
      const isWhole = signal?.scope === 'account' && !known.limits.has(part)
      if (signal) put(known.until, isWhole ? ALL : scopeOf(known, part), signal.until, MOST_PARTS)
    },
  }
}

/** A limit's name and a path never meet: one has a slash in front. */
const scopeOf = ({ limits }: Account, part: string): string => limits.get(part) ?? `/${part}`

function put<Value>(all: Map<string, Value>, key: string, value: Value, most: number): void {
  const [oldest] = all.keys()
  if (!all.has(key) && all.size >= most && oldest !== undefined) all.delete(oldest)
  all.set(key, value)
}

const usedUp = (host: string, retryAfterMs: number): GatewayError =>
  new GatewayError(
    'rate_limit_exceeded',
    `${host} has said that no more requests are allowed for now. Nothing was sent. Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
    { data: { reason: 'rate_limit_exceeded', retryAfterMs } },
  )
