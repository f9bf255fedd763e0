import { Counter, Gauge, Registry } from 'prom-client'
import type { Telemetry } from '../kernel/telemetry.ts'
import { callMeter } from './call-meter.ts'
import { gauges, type Readings } from './gauges.ts'
import { telemetry } from './telemetry.ts'
import { tracing } from './tracing.ts'

export interface MetricsOptions {
  /** The product's version. */
  readonly version: string
  /** Tells calls apart by tool. */
  readonly tools: boolean
  /** A clock that only goes forward, in milliseconds with fractions. */
  readonly now: () => number
}

/** What is measured, and how it is read. */
export interface Metrics {
  /** For the life of a call. */
  readonly telemetry: Telemetry
  /** A token was renewed, or could not be. */
  tokenRefreshed(result: 'ok' | 'error'): void
  /** What is read anew for every scrape; once, when everything runs. */
  watch(readings: Readings): void
  /** The text exposition format of Prometheus, version 0.0.4. */
  text(): Promise<string>
  readonly contentType: string
}

/** Metrics of one gateway; several in one process do not meet. */
export function openMetrics({ version, tools, now }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  new Gauge({ name: 'gw_build_info', help: 'The version that runs.', labelNames: ['version', 'node'], registers }).set(
    { version, node: process.version },
    1,
  )
  const refreshes = new Counter({
    name: 'gw_token_refresh_total',
    help: 'Tokens that were renewed, or could not be.',
    labelNames: ['result'],
    registers,
  })
  return {
    telemetry: telemetry({ meter: callMeter(registry, { tools }), tracing: tracing(version), now }),
    tokenRefreshed: (result) => refreshes.inc({ result }),
    watch: (readings) => gauges(registry, readings),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}
