import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../kernel/clock.ts'
import type { ConnectionState } from '../kernel/connection.ts'
import { toGatewayError, type GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { SourceFeature, SourceTool } from '../kernel/tool.ts'
import { stepsOn, type ConnectionEvent } from './connection-state.ts'
import type { ConnectionSpec } from './connection-spec.ts'
import type { Connected } from './connector.ts'
import type { Definitions, KnownDefinitions } from './definitions.ts'
import type { Schedule } from './schedule.ts'
import type { StartGate } from './start-gate.ts'
import type { Subscriptions } from './subscriptions.ts'

export interface Transition {
  readonly connection: string
  readonly from: ConnectionState
  readonly to: ConnectionState
  readonly reason?: string
  readonly at: number
}

export interface SupervisedDeps {
  readonly clock: Clock
  readonly schedule: Schedule
  /** [0, 1) */
  readonly random: () => number
  readonly definitions: Definitions
  readonly gate: StartGate
  readonly onChange: () => void
  readonly onResourceUpdated: (connection: string, uri: string) => void
  /** Every change of state, for the audit log. */
  readonly onTransition?: (transition: Transition) => void
  readonly log: (level: 'info' | 'warn', message: string, facts: JsonObject) => void
}

/** What is known of a connection; changed only here. */
export interface Life {
  readonly spec: ConnectionSpec
  state: ConnectionState
  since: number
  lastOkAt: number | undefined
  /** Why it is not well. `data.stderr` is for admins only. */
  error: GatewayError | undefined
  lastError: string | undefined
  /** When it is tried or probed next. */
  nextAt: number | undefined
  /** Attempts and losses since it last stayed healthy up to a probe: a server that flaps backs off. */
  failures: number
  missedProbes: number
  live: Connected | undefined
  known: KnownDefinitions | undefined
}

/** A life and what moves it. */
export interface Run extends Life {
  readonly deps: SupervisedDeps
  readonly stop: AbortController
  /** Identifies the newest attempt: what older ones still say does not count. */
  attempt: { readonly id: symbol; readonly work: Promise<void> } | undefined
  /** The end of the connection before; the next one waits for it. */
  ending: Promise<void>
  saving: Promise<void>
  readonly subscriptions: Subscriptions
  cancelTimer: () => void
}

/** Lists what the connection offered before the restart, until it says so itself. */
export async function recall(run: Run): Promise<void> {
  const { deps, spec } = run
  try {
    const known = await deps.definitions.load(spec.slug)
    if (run.known || run.stop.signal.aborted || known?.fingerprint !== spec.fingerprint) return
    run.known = known
    deps.onChange()
  } catch (error) {
    // Without them the connection lists as soon as it is up.
    deps.log('warn', 'cannot read the last known tools', {
      connection: spec.slug,
      error: toGatewayError(error).message,
    })
  }
}

/** What a connection lists. */
export interface Offer {
  readonly tools: readonly SourceTool[]
  readonly features: readonly SourceFeature[]
}

const toKnown = (
  { spec }: Run,
  { identity, capabilities, instructions }: Connected,
  offer: Offer,
): KnownDefinitions => ({
  fingerprint: spec.fingerprint,
  connection: spec.slug,
  provider: spec.provider,
  identity,
  tools: offer.tools,
  features: offer.features,
  capabilities,
  ...(instructions !== undefined && { instructions }),
})

/** Takes a list over, whole or in part, and keeps it for the next start. */
export function learn(run: Run, live: Connected, offer: Partial<Offer>): void {
  const { deps, spec } = run
  const known = toKnown(run, live, { tools: [], features: [], ...run.known, ...offer })
  if (isDeepStrictEqual(known, run.known)) return
  run.known = known
  run.saving = run.saving
    .then(() => deps.definitions.save(spec.slug, known))
    .catch((error: unknown) => {
      // Only the next start is poorer for it: it lists when the server is up.
      deps.log('warn', 'cannot keep the tools', { connection: spec.slug, error: toGatewayError(error).message })
    })
  deps.onChange()
}

/** Keeps why the connection is not well. */
export function note(run: Run, error: GatewayError): void {
  run.error = error
  run.lastError = error.message
}

/** The next thing to do for the connection; it takes the place of what was planned. */
export function later(run: Run, delayMs: number, work: () => void): void {
  run.cancelTimer()
  run.nextAt = run.deps.clock() + delayMs
  run.cancelTimer = run.deps.schedule(work, delayMs)
}

/** Moves the state on and tells everyone. */
export function move(run: Run, event: ConnectionEvent): void {
  const { deps, spec } = run
  const steps = stepsOn(run.state, event)
  for (const to of steps) {
    const at = deps.clock()
    const reason = run.error?.message
    deps.onTransition?.({ connection: spec.slug, from: run.state, to, at, ...(reason !== undefined && { reason }) })
    run.state = to
    run.since = at
  }
  deps.onChange()
}
