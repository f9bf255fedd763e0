import type { Clock } from '../kernel/clock.ts'
import { GatewayError } from '../kernel/errors.ts'

/** Requests in a row that failed before a lane is left alone for a while. */
export const OPEN_AFTER = 5
const FIRST_PAUSE_MS = 1_000
export const LONGEST_PAUSE_MS = 60_000
/** Lanes that fail at the same time. The oldest is forgotten then: it is tried again, which does no harm. */
const MOST_LANES = 1_000

/** `unknown` when neither we nor the service ended it: the caller gave up, or nothing was sent. */
export type Went = 'ok' | 'failed' | 'unknown'
export type CircuitState = 'open' | 'half_open'

export interface Circuits {
  /**
   * Asked before a request; the result is told how it went. Throws `upstream_failed` with `retryAfterMs` while the lane is
   * left alone; when the pause is over, one request is let through, and its outcome decides for the others.
   */
  enter(lane: string): (went: Went) => void
  /** The lanes that are left alone. */
  states(): ReadonlyMap<string, CircuitState>
}

interface Circuit {
  failures: number
  /** How often it has opened since the last success. */
  trips: number
  /** Left alone until then, milliseconds since the epoch; undefined while it is closed. */
  until: number | undefined
  probing: boolean
}

/** A breaker for each lane. A service that cannot be reached costs its callers no waiting, and us no sockets. */
export function circuits({ clock, random }: { readonly clock: Clock; readonly random: () => number }): Circuits {
  const all = new Map<string, Circuit>()
  const trip = (circuit: Circuit): void => {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** circuit.trips, LONGEST_PAUSE_MS)
    circuit.trips += 1
    circuit.until = clock() + Math.ceil(pause * (0.5 + random() / 2))
  }
  const failed = (lane: string, isProbe: boolean): void => {
    const circuit = all.get(lane) ?? { failures: 0, trips: 0, until: undefined, probing: false }
    if (!all.has(lane)) makeRoom(all)
    all.set(lane, circuit)
    circuit.failures += 1
    // Those that were under way when it opened say nothing new.
    if (isProbe || (circuit.until === undefined && circuit.failures >= OPEN_AFTER)) trip(circuit)
  }
  return {
    enter(lane) {
      const circuit = all.get(lane)
      const isProbe = circuit?.until !== undefined
      if (circuit && isProbe) {
        const waitMs = (circuit.until ?? 0) - clock()
        if (waitMs > 0 || circuit.probing) throw leftAlone(lane, circuit.failures, Math.max(waitMs, FIRST_PAUSE_MS))
        circuit.probing = true
      }
      return (went) => {
        if (circuit) circuit.probing = false
        if (went === 'ok') all.delete(lane)
        if (went === 'failed') failed(lane, isProbe)
      }
    },
    states() {
      const open = [...all].filter(([, { until }]) => until !== undefined)
      return new Map(open.map(([lane, { until = 0 }]) => [lane, until > clock() ? 'open' : 'half_open']))
    },
  }
}

function makeRoom(all: Map<string, Circuit>): void {
  const [oldest] = all.keys()
  if (all.size >= MOST_LANES && oldest !== undefined) all.delete(oldest)
}

const leftAlone = (lane: string, failures: number, retryAfterMs: number): GatewayError =>
  new GatewayError(
    'upstream_failed',
    `${lane} could not be reached ${failures} times in a row, so it is left alone for a moment. Nothing was sent. Try again in ${Math.ceil(retryAfterMs / 1_000)} s.`,
    { data: { retryAfterMs } },
  )
