import { once } from 'node:events'
import type { ConnectionSpec } from '../sources/connection-spec.ts'
import type { Connector } from '../sources/connector.ts'

/** Holds connections back until the door is open: a gateway first of all answers what it knows. */
export interface Starting {
  /** The same connections; the first attempts wait. */
  held(specs: readonly ConnectionSpec[]): readonly ConnectionSpec[]
  /** Lets them go. */
  start(): void
}

export function starting(): Starting {
  const started = new AbortController()
  return {
    held: (specs) => specs.map((spec) => ({ ...spec, connector: () => held(spec.connector(), started.signal) })),
    start: () => started.abort(),
  }
}

const held = (connector: Connector, started: AbortSignal): Connector => ({
  ...connector,
  async connect(events, signal) {
    if (!started.aborted) await once(started, 'abort', { signal })
    return connector.connect(events, signal)
  },
})
