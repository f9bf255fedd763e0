import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../kernel/clock.ts'
import type { ConnectionState, ConnectionStatus } from '../kernel/connection.ts'
import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import type { JsonObject } from '../kernel/json.ts'
import type { Source } from '../kernel/source.ts'
import type { SourceTool } from '../kernel/tool.ts'
import { backoffMs } from './backoff.ts'
import { stepsOn, type ConnectionEvent } from './connection-state.ts'
import type { ConnectionSpec, ConnectionTools } from './connection-spec.ts'
import type { Connected, ConnectorEvents } from './connector.ts'
import type { Definitions, KnownDefinitions } from './definitions.ts'
import { deadline, settledWithin, type Schedule } from './schedule.ts'
import type { StartGate } from './start-gate.ts'
import { toStatus, unusable } from './supervised-status.ts'

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
  /** Every change of state, for the audit log. */
  readonly onTransition?: (transition: Transition) => void
  readonly log: (level: 'info' | 'warn', message: string, facts: JsonObject) => void
}

/** One connection under supervision. */
export interface Supervised {
  readonly spec: ConnectionSpec
  /** Stands for the connection whether it is up or not. */
  readonly source: Source
  start(): void
  status(): ConnectionStatus
  tools(): ConnectionTools | undefined
  close(): Promise<void>
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

interface Run extends Life {
  readonly deps: SupervisedDeps
  readonly stop: AbortController
  /** Identifies the newest attempt: what older ones still say does not count. */
  attempt: { readonly id: symbol; readonly work: Promise<void> } | undefined
  /** The end of the connection before; the next one waits for it. */
  ending: Promise<void>
  saving: Promise<void>
  cancelTimer: () => void
}

const PROBE_EVERY_MS = 60_000
const PROBE_AGAIN_MS = 5_000
const PROBE_LIMIT_MS = 15_000
/** One missed probe may be a busy server; the second ends the connection and the calls on it. */
const PROBES_TO_MISS = 2
/** How long a call waits for a connection that is just being made. */
const PATIENCE_MS = 5_000

export function supervised(spec: ConnectionSpec, deps: SupervisedDeps): Supervised {
  const run: Run = {
    spec,
    deps,
    stop: new AbortController(),
    state: 'disconnected',
    since: deps.clock(),
    lastOkAt: undefined,
    error: undefined,
    lastError: undefined,
    nextAt: undefined,
    failures: 0,
    missedProbes: 0,
    live: undefined,
    known: undefined,
    attempt: undefined,
    ending: Promise.resolve(),
    saving: Promise.resolve(),
    cancelTimer: () => undefined,
  }
  return {
    spec,
    source: {
      connection: spec.slug,
      async callTool(name, input, exchange) {
        const { source: inner } = await ready(run, exchange.signal)
        return inner.callTool(name, input, exchange)
      },
      close: () => close(run),
    },
    start() {
      if (!spec.enabled || run.stop.signal.aborted) return
      void recall(run)
      connect(run)
    },
    status: () => toStatus(run),
    tools: () => (run.error?.data['reauth'] === true ? undefined : run.known),
    close: () => close(run),
  }
}

/** Lists what the connection offered before the restart, until it says so itself. */
async function recall(run: Run): Promise<void> {
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

function connect(run: Run): void {
  run.nextAt = undefined
  const id = Symbol(run.spec.slug)
  run.attempt = { id, work: run.ending.then(() => connectOnce(run, () => run.attempt?.id === id)) }
}

async function connectOnce(run: Run, isNewest: () => boolean): Promise<void> {
  const { deps, stop, spec } = run
  let lost: GatewayError | undefined
  const events: ConnectorEvents = {
    onTools(tools) {
      if (isNewest() && run.live) learn(run, run.live, tools)
    },
    onLost(error) {
      lost = error
      if (isNewest() && run.live) lose(run, error)
    },
  }
  try {
    const live = await deps.gate.enter(run.failures, stop.signal, () => spec.connector().connect(events, stop.signal))
    if (stop.signal.aborted || lost) await live.close()
    if (lost) throw lost
    if (!stop.signal.aborted) adopt(run, live)
  } catch (error) {
    if (!stop.signal.aborted) fail(run, toGatewayError(error))
  }
}

function adopt(run: Run, live: Connected): void {
  run.live = live
  run.missedProbes = 0
  run.error = undefined
  run.lastOkAt = run.deps.clock()
  const isNew = isChanged(run, live, live.tools)
  move(run, 'linked')
  if (isNew) learn(run, live, live.tools)
  later(run, PROBE_EVERY_MS, () => void probe(run, live))
}

const isChanged = (run: Run, live: Connected, tools: readonly SourceTool[]): boolean =>
  !isDeepStrictEqual(toKnown(run, live, tools), run.known)

const toKnown = ({ spec }: Run, { identity }: Connected, tools: readonly SourceTool[]): KnownDefinitions => ({
  fingerprint: spec.fingerprint,
  connection: spec.slug,
  provider: spec.provider,
  identity,
  tools,
})

/** Takes a list over and keeps it for the next start. */
function learn(run: Run, live: Connected, tools: readonly SourceTool[]): void {
  if (!isChanged(run, live, tools)) return
  const { deps, spec } = run
  const known = toKnown(run, live, tools)
  run.known = known
  run.saving = run.saving
    .then(() => deps.definitions.save(spec.slug, known))
    .catch((error: unknown) => {
      // Only the next start is poorer for it: it lists when the server is up.
      deps.log('warn', 'cannot keep the tools', { connection: spec.slug, error: toGatewayError(error).message })
    })
  deps.onChange()
}

async function probe(run: Run, live: Connected): Promise<void> {
  const limit = deadline(run.stop.signal, PROBE_LIMIT_MS, run.deps.schedule)
  try {
    await Promise.race([live.probe(limit.signal), timeUp(limit.signal)])
    if (run.live !== live || run.stop.signal.aborted) return
    run.failures = 0
    run.missedProbes = 0
    run.error = undefined
    run.lastOkAt = run.deps.clock()
    move(run, 'healthy')
    later(run, PROBE_EVERY_MS, () => void probe(run, live))
  } catch (error) {
    if (run.live === live && !run.stop.signal.aborted) missProbe(run, live, toGatewayError(error))
  } finally {
    limit.release()
  }
}

const timeUp = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    const end = (): void => reject(new GatewayError('upstream_timeout', 'The server did not answer the health probe.'))
    signal.addEventListener('abort', end, { once: true })
  })

function missProbe(run: Run, live: Connected, error: GatewayError): void {
  run.missedProbes += 1
  if (run.missedProbes >= PROBES_TO_MISS || error.data['reauth'] === true) return lose(run, error)
  note(run, error)
  move(run, 'failed')
  later(run, PROBE_AGAIN_MS, () => void probe(run, live))
}

function lose(run: Run, error: GatewayError): void {
  const { live } = run
  run.live = undefined
  run.ending = live ? live.close().catch(() => undefined) : run.ending
  fail(run, error)
}

function fail(run: Run, error: GatewayError): void {
  const { deps, spec } = run
  const isRefused = error.data['reauth'] === true
  run.attempt = undefined
  run.failures += 1
  note(run, error)
  // A refused credential does not mend by itself: no hurry, and no lock-out by asking too often.
  later(run, backoffMs(isRefused ? Number.MAX_SAFE_INTEGER : run.failures, deps.random), () => connect(run))
  deps.log('warn', 'connection failed', { connection: spec.slug, reason: error.message, code: error.code })
  move(run, isRefused ? 'refused' : 'failed')
}

function note(run: Run, error: GatewayError): void {
  run.error = error
  run.lastError = error.message
}

function later(run: Run, delayMs: number, work: () => void): void {
  run.cancelTimer()
  run.nextAt = run.deps.clock() + delayMs
  run.cancelTimer = run.deps.schedule(work, delayMs)
}

function move(run: Run, event: ConnectionEvent): void {
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

/** The connection for a call: one that is being made for the first time is waited for, one in trouble is not. */
async function ready(run: Run, signal: AbortSignal): Promise<Connected> {
  if (!run.live && run.attempt && run.failures === 0 && !run.stop.signal.aborted) {
    await settledWithin(run.attempt.work, PATIENCE_MS, run.deps.schedule, signal)
  }
  if (run.live) return run.live
  throw unusable(run, run.deps.clock())
}

async function close(run: Run): Promise<void> {
  run.stop.abort()
  run.cancelTimer()
  const { live } = run
  run.live = undefined
  await Promise.allSettled([live?.close(), run.ending, run.attempt?.work, run.saving])
}
