import type { Clock } from '../kernel/clock.ts'
import type { Exchange } from '../kernel/exchange.ts'

/**
 * What the runs of agents have seen: labels that policy put on results (`obligations.label`). A run is told by the
 * handle that the client sends in `_meta["dev.gatehouse/run"]`, else by the legacy session, else by the principal. It
 * ends when nothing has happened in it for a while. A client that invents a new handle for each call has runs that have
 * seen nothing: handles are for clients whose software sets them, never the model.
 */
export interface Runs {
  seen(exchange: Exchange): ReadonlySet<string>
  /** From now on the run has seen these. */
  mark(exchange: Exchange, labels: readonly string[]): void
}

/** A run as it is kept. `until`: milliseconds since the epoch, from which on it is over. */
export interface Run {
  readonly labels: readonly string[]
  readonly until: number
}

export interface RunsDeps {
  readonly clock: Clock
  /** How long a run lasts after the last thing that happened in it, milliseconds. */
  readonly idleMs: number
  /** Runs of before the restart, by key. */
  readonly kept?: Iterable<readonly [string, Run]>
  /** Hears of a run that has seen something new or lives on; it is not called for every call. */
  readonly onChange?: (key: string, run: Run) => void
}

export const RUN_HANDLE = 'dev.gatehouse/run'
const NOTHING: ReadonlySet<string> = new Set()
/** Longer handles are no handles: they are cut, so that nobody fills the memory. */
const MOST_CHARACTERS = 128
/** Runs that are remembered. When there are more, those that end first are given up: their principals count as one run. */
const MOST_RUNS = 50_000

interface Known {
  readonly labels: ReadonlySet<string>
  until: number
}

export function runs({ clock, idleMs, kept = [], onChange = () => undefined }: RunsDeps): Runs {
  const known = new Map<string, Known>(
    [...kept].map(([key, { labels, until }]) => [key, { labels: new Set(labels), until }]),
  )
  const find = (key: string, now: number): Known | undefined => {
    const run = known.get(key)
    if (run && run.until > now) return run
    known.delete(key)
    return undefined
  }
  const keep = (key: string, run: Known): void => {
    known.set(key, run)
    onChange(key, { labels: [...run.labels], until: run.until })
    if (known.size > MOST_RUNS) forget(known, clock())
  }
  return {
    seen(exchange) {
      if (known.size === 0) return NOTHING
      const now = clock()
      const key = keyOf(exchange)
      const run = find(key, now)
      if (!run) return NOTHING
      // Told on when half of its time is over, not at every call.
      if (run.until - now < idleMs / 2) keep(key, { ...run, until: now + idleMs })
      return run.labels
    },
    mark(exchange, labels) {
      const now = clock()
      const key = keyOf(exchange)
      const before = find(key, now)?.labels ?? NOTHING
      if (labels.every((label) => before.has(label))) return
      keep(key, { labels: new Set([...before, ...labels]), until: now + idleMs })
    },
  }
}

function keyOf({ principal, meta, session }: Exchange): string {
  const handle = meta?.[RUN_HANDLE]
  if (typeof handle === 'string' && handle !== '')
    return JSON.stringify([principal.id, 'run', handle.slice(0, MOST_CHARACTERS)])
  return JSON.stringify(session === undefined ? [principal.id] : [principal.id, 'session', session])
}

function forget(known: Map<string, Known>, now: number): void {
  for (const [key, { until }] of known) if (until <= now) known.delete(key)
  if (known.size <= MOST_RUNS) return
  const oldest = [...known].toSorted(([, a], [, b]) => a.until - b.until).slice(0, known.size - MOST_RUNS)
  for (const [key] of oldest) known.delete(key)
}
