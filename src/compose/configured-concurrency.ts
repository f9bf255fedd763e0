import type { Config } from '../config/schema.ts'
import { type Concurrency, concurrency, type ConcurrencyLimits } from '../gateway/concurrency.ts'
import type { Clock } from '../kernel/clock.ts'
import { realSchedule } from '../sources/schedule.ts'

/** How much may go on at once, by the configuration in force. */
export function configuredConcurrency(config: () => Config, clock: Clock): Concurrency {
  let last: { readonly config: Config; readonly limits: ConcurrencyLimits } | undefined
  return concurrency({
    limits() {
      const now = config()
      if (last?.config !== now) last = { config: now, limits: toLimits(now) }
      return last.limits
    },
    clock,
    schedule: realSchedule,
  })
}

function toLimits({ limits, connections }: Config): ConcurrencyLimits {
  const { perPrincipal, perConnection, wait } = limits
  const own = new Map(
    Object.entries(connections).map(([slug, { maxConcurrent }]) => [
      slug,
      maxConcurrent === undefined ? perConnection : { ...perConnection, running: maxConcurrent },
    ]),
  )
  return { perPrincipal, perConnection: (slug) => own.get(slug) ?? perConnection, waitMs: wait }
}
