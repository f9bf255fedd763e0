import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'

/** Failed attempts that one address, and all of them together, may make in a window. */
const MOST_OF_ONE = 10
const MOST_OF_ALL = 300
const WINDOW_MS = 15 * 60_000
/** Addresses that are remembered; the one that failed first is forgotten first. */
const MOST_ADDRESSES = 5_000

interface Failures {
  readonly count: number
  readonly since: number
}

/** Slows down whoever guesses keys. Only failures count. */
export interface SignInLimit {
  /** Throws `rate_limit_exceeded` when this address, or everybody together, has failed too often. */
  check(address: string | undefined): void
  failed(address: string | undefined): void
}

/** Counts failures by address. An address that is not known (behind a proxy) counts among all only. */
export function signInLimit(clock: Clock): SignInLimit {
  const byAddress = new Map<string, Failures>()
  let all: Failures = { count: 0, since: clock() }
  const current = (failures: Failures | undefined): Failures =>
    failures && clock() - failures.since < WINDOW_MS ? failures : { count: 0, since: clock() }
  const next = (failures: Failures | undefined): Failures => {
    const { count, since } = current(failures)
    return { count: count + 1, since }
  }
  return {
    check(address) {
      const own = current(address === undefined ? undefined : byAddress.get(address))
      const total = current(all)
      if (own.count < MOST_OF_ONE && total.count < MOST_OF_ALL) return
      const since = own.count < MOST_OF_ONE ? total.since : own.since
      throw new GatewayError('rate_limit_exceeded', 'Too many attempts to sign in failed. Wait, and try again.', {
        data: { retryAfterMs: Math.max(1, since + WINDOW_MS - clock()) },
      })
    },
    failed(address) {
      all = next(all)
      if (address === undefined) return
      const known = next(byAddress.get(address))
      byAddress.delete(address)
      byAddress.set(address, known)
      const [oldest] = byAddress.keys()
      if (byAddress.size > MOST_ADDRESSES && oldest !== undefined) byAddress.delete(oldest)
    },
  }
}
