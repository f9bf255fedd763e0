import { Counter, Gauge, Registry } from 'prom-client'
import type { Telemetry } from '../kernel/telemetry.ts'
import { callMeter } from './call-meter.ts'
import { type Figures, gatherer, type Others } from './gather.ts'
import { gauges, type LoadReadings, loadGauges, processGauges, type Readings } from './gauges.ts'
import { telemetry } from './telemetry.ts'
import { tracing } from './tracing.ts'

export interface MetricsOptions {
  /** The product's version. */
  readonly version: string
  /** Tells calls apart by tool. */
  readonly tools: boolean
  /** A clock that only goes forward, in milliseconds with fractions. */
  readonly now: () => number
  /** Which process of several this is: a label of what is measured of each. Left out where there is one. */
  readonly process?: string | undefined
}

/** What is measured, and how it is read. */
export interface Metrics {
  /** For the life of a call. */
  readonly telemetry: Telemetry
  /** A token was renewed, or could not be. */
  tokenRefreshed(result: 'ok' | 'error'): void
  /** What is read anew for every scrape; once, when everything runs. */
  watch(readings: Readings): void
  /** The part of it that a worker has. */
  watchLoad(readings: LoadReadings): void
  /** From now on `text` has the figures of other processes in it. */
  gather(others: Others): void
  /** What this process has measured, for one that gathers. */
  figures(): Promise<Figures>
  /** The text exposition format of Prometheus, version 0.0.4. */
  text(): Promise<string>
  readonly contentType: string
  /** Stops measuring what is measured all the time. */
  close(): void
}

/** Metrics of one gateway; several in one process do not meet. */
export function openMetrics({ version, tools, now, process: name }: MetricsOptions): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const build = { name: 'gw_build_info', help: 'The version that runs.', labelNames: ['version', 'node'], registers }
  new Gauge({ ...build, aggregator: 'first' }).set({ version, node: process.version }, 1)
  const close = processGauges(registry, name)
  let text = (): Promise<string> => registry.metrics()
  const refreshes = new Counter({
    name: 'gw_token_refresh_total',
    help: 'Tokens that were renewed, or could not be.',
    labelNames: ['result'],
    registers,
  })
  return {
    telemetry: telemetry({ meter: callMeter(registry, { tools }), tracing: tracing(version), now }),
    tokenRefreshed: (result) => refreshes.inc({ result }),
    watch(readings) {
      gauges(registry, readings)
      loadGauges(registry, readings)
    },
    watchLoad: (readings) => loadGauges(registry, readings),
    gather: (others) => void (text = gatherer(registry, others)),
    figures: () => registry.getMetricsAsJSON(),
    text: () => text(),
    contentType: registry.contentType,
    close,
  }
}
