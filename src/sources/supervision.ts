import { GatewayError, toGatewayError } from '../kernel/errors.ts'
import { backoffMs } from './backoff.ts'
import type { Connected, ConnectorEvents } from './connector.ts'
import { later, learn, move, note, type Run } from './life.ts'
import { deadline } from './schedule.ts'

const PROBE_EVERY_MS = 60_000
const PROBE_AGAIN_MS = 5_000
const PROBE_LIMIT_MS = 15_000
/** One missed probe may be a busy server; the second ends the connection and the calls on it. */
const PROBES_TO_MISS = 2
/** A server that was there this long does not die over and over: it is tried again soon. */
const WELL_MS = 10_000

/** Connects in the background, probes, and connects again after a failure, until `stop` is aborted. */
export function connect(run: Run): void {
  run.nextAt = undefined
  const id = Symbol(run.spec.slug)
  run.attempt = { id, work: run.ending.then(() => connectOnce(run, () => run.attempt?.id === id)) }
}

async function connectOnce(run: Run, isNewest: () => boolean): Promise<void> {
  const { deps, stop, spec } = run
  let lost: GatewayError | undefined
  const events: ConnectorEvents = {
    onTools(tools) {
      if (isNewest() && run.live) learn(run, run.live, { tools })
    },
    onFeatures(features) {
      if (isNewest() && run.live) learn(run, run.live, { features })
    },
    onResourceUpdated(uri) {
      if (isNewest()) deps.onResourceUpdated(spec.slug, uri)
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
  run.liveSince = run.deps.clock()
  evaluate(run)
  learn(run, live, { tools: live.tools, features: live.features })
  void run.subscriptions.restore(live.source)
  later(run, PROBE_EVERY_MS, () => void probe(run, live))
}

/** From a connection that was made to the state that it earns. */
export function evaluate(run: Run): void {
  run.reason = undefined
  run.reasonCode = undefined
  move(run, 'linked')
  if (run.inbound === 'missing') {
    run.reason = 'It works, but nothing arrives from it yet: set up its webhook, or send it a first event.'
    run.reasonCode = 'inbound'
    move(run, 'inbound_missing')
  }
  if (run.inbound === 'verified') move(run, 'inbound_verified')
  move(run, 'healthy')
}

/** What its credentials say of a live connection: they were refused, or could not be refreshed for now. */
export function report(run: Run, error: GatewayError): void {
  if (run.stop.signal.aborted) return
  const isRefused = error.data['reauth'] === true
  if (run.live && isRefused) return lose(run, error)
  note(run, error)
  move(run, isRefused ? 'refused' : 'failed')
  const { live } = run
  if (live) later(run, PROBE_AGAIN_MS, () => void probe(run, live))
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
    if (run.state !== 'action_required') {
      run.reason = undefined
      run.reasonCode = undefined
    }
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
  if (run.deps.clock() - run.liveSince >= WELL_MS) run.failures = 0
  run.ending = live ? live.close().catch(() => undefined) : run.ending
  fail(run, error)
}

function fail(run: Run, error: GatewayError): void {
  const { deps, spec } = run
  const isRefused = error.data['reauth'] === true || error.code === 'connect_required'
  run.attempt = undefined
  run.failures += 1
  note(run, error)
  // A refused credential does not mend by itself: no hurry, and no lock-out by asking too often.
  later(run, backoffMs(isRefused ? Number.MAX_SAFE_INTEGER : run.failures, deps.random), () => connect(run))
  deps.log('warn', 'connection failed', { connection: spec.slug, reason: error.message, code: error.code })
  move(run, isRefused ? 'refused' : 'failed')
}
