import type { ConnectionStatus } from '../kernel/connection.ts'
import type { Source } from '../kernel/source.ts'
import { type GatewayError, toError } from '../kernel/errors.ts'
import type { ToolResult } from '../kernel/tool.ts'
import { roster } from '../kernel/roster.ts'
import type { ConnectionSpec, ConnectionTools } from './connection-spec.ts'
import type { Connected } from './connector.ts'
import {
  inheritance,
  type Inheritance,
  isHidden,
  move,
  recall,
  restore,
  resume,
  type Run,
  type SupervisedDeps,
} from './life.ts'
import { settledWithin } from './schedule.ts'
import { isSubscription, send, subscriptions } from './subscriptions.ts'
import { ended, toStatus, unusable } from './supervised-status.ts'
import { connect, evaluate, report } from './supervision.ts'

/** One connection under supervision. */
export interface Supervised {
  readonly spec: ConnectionSpec
  /** Stands for the connection whether it is up or not. */
  readonly source: Source
  start(): void
  status(): ConnectionStatus
  tools(): ConnectionTools | undefined
  /** True when it is up, or when it has failed or need not run. */
  isSettled(): boolean
  /** What its credentials have to say: with `data.reauth` they were refused, else a refresh failed for now. */
  report(error: GatewayError): void
  /** What it needs from outside is there, or is not. */
  inbound(state: 'missing' | 'verified'): void
  /** A person ended it: it stays `disconnected` until it is made anew. */
  revoke(): Promise<void>
  /** For a successor with the same spec. */
  inheritance(): Inheritance
  close(): Promise<void>
}

/** How long a call waits for a connection that is just being made. */
const PATIENCE_MS = 5_000

/** `from`: the one whose place it takes, of the same spec. */
export function supervised(spec: ConnectionSpec, deps: SupervisedDeps, from?: Inheritance): Supervised {
  const run = newRun(spec, deps, from)
  return {
    spec,
    source: {
      connection: spec.slug,
      callTool(name, input, exchange) {
        const call = ({ source: inner }: Connected): Promise<ToolResult> =>
          whileUp(run, inner.callTool(name, input, exchange))
        return run.live ? call(run.live) : ready(run, exchange.ending.signal()).then(call)
      },
      async request(method, params, exchange) {
        const { source: inner } = run.live ?? (await ready(run, exchange.ending.signal()))
        if (isSubscription(method)) return run.subscriptions.change(inner, method, params, exchange)
        return whileUp(run, send(inner, method, params, exchange))
      },
      close: () => close(run),
    },
    start() {
      if (!spec.enabled || run.stop.signal.aborted) return
      void recall(run)
      if (from) connect(run)
      else void begin(run)
    },
    status: () => toStatus(run),
    tools: () => (isHidden(run) ? undefined : run.known),
    isSettled: () => !spec.enabled || run.live !== undefined || run.failures > 0 || run.reasonCode === 'revoked',
    report: (error) => report(run, error),
    inbound(state) {
      run.inbound = state
      if (state === 'verified' && run.reasonCode === 'inbound' && run.live) evaluate(run)
    },
    async revoke() {
      run.reason = 'It was revoked. Connect it again to use it.'
      run.reasonCode = 'revoked'
      run.error = undefined
      run.nextAt = undefined
      const ending = close(run)
      move(run, 'revoked')
      await ending
      await run.saving
    },
    inheritance: () => inheritance(run),
    close: () => close(run),
  }
}

function newRun(spec: ConnectionSpec, deps: SupervisedDeps, from: Inheritance | undefined): Run {
  const run: Run = {
    spec,
    deps,
    stop: new AbortController(),
    state: 'disconnected',
    since: deps.clock(),
    reason: undefined,
    reasonCode: undefined,
    inbound: spec.inbound,
    lastOkAt: undefined,
    error: undefined,
    lastError: undefined,
    nextAt: undefined,
    failures: 0,
    liveSince: 0,
    missedProbes: 0,
    live: undefined,
    known: undefined,
    attempt: undefined,
    ending: Promise.resolve(),
    saving: Promise.resolve(),
    kept: undefined,
    subscriptions: subscriptions((uri) => deps.onResourceUpdated(spec.slug, uri)),
    calls: roster(),
    cancelTimer: () => undefined,
  }
  if (from) resume(run, from.state)
  run.known = from?.known
  return run
}

/** What was revoked waits for a person, also after a restart of the gateway. */
async function begin(run: Run): Promise<void> {
  await restore(run)
  if (run.reasonCode !== 'revoked' && !run.stop.signal.aborted) connect(run)
}

/** The answer, unless the connection ends first: nobody waits for a source that is slow to let go. */
function whileUp<T>(run: Run, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const number = run.calls.enter(reject)
    work.then(
      (result) => {
        run.calls.leave(number)
        resolve(result)
      },
      (error: unknown) => {
        run.calls.leave(number)
        reject(toError(error))
      },
    )
  })
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
  for (const end of run.calls.all()) end(ended(run))
  const { live } = run
  run.live = undefined
  await Promise.allSettled([live?.close(), run.ending, run.attempt?.work, run.saving])
}
