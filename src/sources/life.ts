import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../kernel/clock.ts'
import type { ConnectionReason, ConnectionState } from '../kernel/connection.ts'
import { toGatewayError, type GatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Roster } from '../kernel/roster.ts'
import type { SourceFeature, SourceTool } from '../kernel/tool.ts'
import { stepOn, type ConnectionEvent } from './connection-state.ts'
import type { ConnectionStates, KeptState } from './connection-states.ts'
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
  readonly code?: ConnectionReason
  readonly at: number
}

export interface SupervisedDeps {
  readonly clock: Clock
  readonly schedule: Schedule
  /** [0, 1) */
  readonly random: () => number
  readonly definitions: Definitions
  /** Without it every start begins at `disconnected`. */
  readonly states?: ConnectionStates | undefined
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
  /** Why the state is what it is; both undefined when all is well. */
  reason: string | undefined
  reasonCode: ConnectionReason | undefined
  inbound: ConnectionSpec['inbound']
  lastOkAt: number | undefined
  /** Why it is not well. `data.stderr` is for admins only. */
  error: GatewayError | undefined
  lastError: string | undefined
  /** When it is tried or probed next. */
  nextAt: number | undefined
  /** Attempts and losses since it was last well for a while: a server that dies as soon as it is there backs off. */
  failures: number
  /** Since when it is connected, or was until it was lost. */
  liveSince: number
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
  /** What was stored last. */
  kept: KeptState | undefined
  readonly subscriptions: Subscriptions
  /** Ends the calls that run, each with the error. */
  readonly calls: Roster<(error: GatewayError) => void>
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

/** Keeps why the connection is not well. What needs a person stays the reason while something else fails too. */
export function note(run: Run, error: GatewayError): void {
  run.error = error
  run.lastError = error.message
  const code = reasonOf(error)
  if (run.state === 'action_required' && !NEEDS_PERSON.has(code)) return
  if (run.reasonCode === 'revoked') return
  run.reason = error.message
  run.reasonCode = code
}

/** In these the credential is of no use: what the connection offers is hidden. */
const NEEDS_PERSON: ReadonlySet<ConnectionReason> = new Set(['reauth', 'link', 'revoked'])

export const isHidden = ({ reasonCode }: Life): boolean => reasonCode !== undefined && NEEDS_PERSON.has(reasonCode)

function reasonOf({ code, data }: GatewayError): ConnectionReason {
  if (code === 'connect_required' || data['reason'] === 'link') return 'link'
  if (data['reauth'] === true) return 'reauth'
  return code === 'config_invalid' ? 'invalid' : 'unreachable'
}

/** The next thing to do for the connection; it takes the place of what was planned. */
export function later(run: Run, delayMs: number, work: () => void): void {
  run.cancelTimer()
  run.nextAt = run.deps.clock() + delayMs
  run.cancelTimer = run.deps.schedule(work, delayMs)
}

/** Moves the state on and tells everyone; what is known now is kept for the next start. */
export function move(run: Run, event: ConnectionEvent): void {
  const { deps, spec, reason, reasonCode: code } = run
  const to = stepOn(run.state, event)
  if (to) {
    const at = deps.clock()
    deps.onTransition?.({
      connection: spec.slug,
      from: run.state,
      to,
      at,
      ...(reason !== undefined && { reason }),
      ...(code && { code }),
    })
    run.state = to
    run.since = at
  }
  keep(run)
  deps.onChange()
}

/** Stores the state when it or its reason changed. */
function keep(run: Run): void {
  const { deps, spec } = run
  const state = toKept(run)
  if (!deps.states || (run.kept && isSameTrouble(run.kept, state))) return
  const { states } = deps
  run.kept = state
  run.saving = run.saving
    .then(() => states.save(spec.slug, state))
    .catch((error: unknown) => {
      // The state in force is right; only the next start would begin with an older one.
      deps.log('warn', 'cannot keep the state', { connection: spec.slug, error: toGatewayError(error).message })
    })
}

const isSameTrouble = (a: KeptState, b: KeptState): boolean =>
  a.state === b.state && a.reasonCode === b.reasonCode && a.reason === b.reason

const toKept = ({ spec, state, since, reason, reasonCode, lastOkAt, lastError }: Life): KeptState => ({
  fingerprint: spec.fingerprint,
  state,
  since,
  ...(reason !== undefined && { reason }),
  ...(reasonCode && { reasonCode }),
  ...(lastOkAt !== undefined && { lastOkAt }),
  ...(lastError !== undefined && { lastError }),
})

/**
 * Begins where the last start ended. What was active is not known to be so any more; what needed a person still does.
 */
export async function restore(run: Run): Promise<void> {
  const { deps, spec } = run
  try {
    const kept = await deps.states?.load(spec.slug)
    if (kept?.fingerprint !== spec.fingerprint || run.stop.signal.aborted) return
    run.kept = kept
    resume(run, kept)
    if (kept.state !== 'active') return deps.onChange()
    run.reason = 'The gateway was started again and is connecting.'
    run.reasonCode = 'unreachable'
    move(run, 'failed')
  } catch (error) {
    deps.log('warn', 'cannot read the last state', { connection: spec.slug, error: toGatewayError(error).message })
  }
}

/** Takes over what was known. */
export function resume(run: Run, { state, since, reason, reasonCode, lastOkAt, lastError }: KeptState): void {
  Object.assign(run, { state, since, reason, reasonCode, lastOkAt, lastError })
}

/** What a connection with the same spec that takes this one's place begins with. */
export const inheritance = (run: Run): Inheritance => ({ state: toKept(run), known: run.known })

export interface Inheritance {
  readonly state: KeptState
  readonly known: KnownDefinitions | undefined
}
