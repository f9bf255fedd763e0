import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Source } from '../kernel/source.ts'
import type { ConnectionSpec, ConnectionTools } from './connection-spec.ts'
import type { Connected } from './connector.ts'
import { recall, type Run, type SupervisedDeps } from './life.ts'
import { settledWithin } from './schedule.ts'
import { isSubscription, send, subscriptions } from './subscriptions.ts'
import { toStatus, unusable } from './supervised-status.ts'
import { connect } from './supervision.ts'

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
    subscriptions: subscriptions((uri) => deps.onResourceUpdated(spec.slug, uri)),
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
      async request(method, params, exchange) {
        const { source: inner } = await ready(run, exchange.signal)
        if (isSubscription(method)) return run.subscriptions.change(inner, method, params, exchange)
        return send(inner, method, params, exchange)
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
