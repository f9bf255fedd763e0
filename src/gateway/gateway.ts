import type { Clock } from '../kernel/clock.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Telemetry } from '../kernel/telemetry.ts'
import type { Approvals } from './approvals/approvals.ts'
import type { Concurrency } from './concurrency.ts'
import type { Freezes } from './freeze.ts'
import type { Ledger } from './ledger.ts'
import type { Limits } from './limits.ts'
import type { Listings } from './listing.ts'
import type { AliasLearner } from './meta/alias-learner.ts'
import type { Runs } from './runs.ts'
import type { Snapshot } from './snapshot.ts'
import type { Validator } from './validator.ts'

/** What the lives of a list and of a call are run with. */
export interface GatewayDeps {
  /** The current snapshot. A request reads it once. */
  snapshot(): Snapshot
  readonly listings: Listings
  readonly validator: Validator
  readonly limits: Limits
  readonly concurrency: Concurrency
  readonly ledger: Ledger
  readonly freezes: Freezes
  readonly runs: Runs
  /** Where calls wait for people. Without it, what needs people is refused. */
  readonly approvals?: Approvals | undefined
  readonly clock: Clock
  /** Absent where nobody measures. */
  readonly telemetry?: Telemetry | undefined
  /** Hears of calls that worked; absent when search is not to learn from them. */
  readonly learner?: AliasLearner | undefined
  /** For failures that are not the caller's: goes to the operator, never to the agent. */
  readonly log: Log
}

/** Where operators read. Fields hold no secret and no payload. */
export interface Log {
  info(fields: JsonObject, message: string): void
  warn(fields: JsonObject, message: string): void
  error(fields: JsonObject & { readonly error?: never }, message: string, cause?: unknown): void
}
