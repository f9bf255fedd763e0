import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'
import type { ConnectionStatus } from '../kernel/connection.ts'

/** What runs and waits now. Asked for every scrape, so everything must be at hand. */
export interface LoadReadings {
  /** Calls by connection that run, and that wait for a place. */
  calls(): readonly { readonly connection: string; readonly running: number; readonly waiting: number }[]
  /** Requests to services by lane, and the lanes that are left alone because they fail. */
  requests(): {
    readonly lanes: readonly { readonly lane: string; readonly running: number; readonly waiting: number }[]
    readonly circuits: ReadonlyMap<string, 'open' | 'half_open'>
  }
}

/** How things are now. */
export interface Readings extends LoadReadings {
  connections(): Iterable<ConnectionStatus>
  /** What clients keep open. */
  clients(): { readonly sessions: number; readonly listens: number }
  readonly auditPending: () => number
  readonly approvalsPending: () => number
  /** Milliseconds since the snapshot in force was made. */
  readonly snapshotAgeMs: () => number
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

interface Kind {
  readonly name: string
  readonly help: string
  readonly labelNames?: readonly string[]
  /** How the figures of several processes become one; `sum` when left out. */
  readonly aggregator?: 'max'
}

/** Gauges that read when they are scraped; between two scrapes they cost nothing. */
function reader(registry: Registry): (kind: Kind, read: () => readonly Sample[]) => void {
  return ({ labelNames = [], ...kind }, read) =>
    registry.registerMetric(
      new Gauge({
        ...kind,
        labelNames: [...labelNames],
        registers: [],
        collect() {
          this.reset()
          for (const [labels, value] of read()) this.set(labels, value)
        },
      }),
    )
}

/** What only the process with the state knows. */
export function gauges(registry: Registry, readings: Readings): void {
  const gauge = reader(registry)
  const single = (name: string, help: string, read: () => number): void => gauge({ name, help }, () => [[{}, read()]])
  const byState = ['provider', 'state']
  gauge({ name: 'gw_connections', help: 'Connections by provider and state.', labelNames: byState }, () =>
    connectionSamples(readings.connections()),
  )
  single('gw_sessions', 'Sessions of clients that speak MCP 2025-11-25 or earlier.', () => readings.clients().sessions)
  single('gw_streams', 'Streams of clients that listen for changes.', () => readings.clients().listens)
  single('gw_audit_queue_depth', 'Outcomes that are not on the disk yet.', readings.auditPending)
  single('gw_approvals_pending', 'Calls that wait for people.', readings.approvalsPending)
  single(
    'gw_snapshot_age_seconds',
    'Since the policy and tools in force came into force.',
    () => readings.snapshotAgeMs() / 1_000,
  )
}

/** What every process has of its own that answers calls. */
export function loadGauges(registry: Registry, readings: LoadReadings): void {
  const gauge = reader(registry)
  const calls = { labelNames: ['connection'] }
  const lanes = { labelNames: ['lane'] }
  gauge({ name: 'gw_calls_running', help: 'Calls that run now.', ...calls }, () =>
    readings.calls().map(({ connection, running }) => [{ connection }, running]),
  )
  gauge({ name: 'gw_calls_waiting', help: 'Calls that wait for a place.', ...calls }, () =>
    readings.calls().map(({ connection, waiting }) => [{ connection }, waiting]),
  )
  const running = 'Requests to services that are under way, by connection or host.'
  gauge({ name: 'gw_requests_running', help: running, ...lanes }, () =>
    readings.requests().lanes.map(({ lane, running }) => [{ lane }, running]),
  )
  gauge({ name: 'gw_requests_waiting', help: 'Requests to services that wait for a place.', ...lanes }, () =>
    readings.requests().lanes.map(({ lane, waiting }) => [{ lane }, waiting]),
  )
  const circuit = 'Services left alone because they fail: 2 open, 1 tried again. Absent: closed.'
  gauge({ name: 'gw_circuit_state', help: circuit, aggregator: 'max', ...lanes }, () =>
    [...readings.requests().circuits].map(([lane, state]) => [{ lane }, state === 'open' ? 2 : 1]),
  )
}

/** Of the process itself; `name` is its label where there are several. Calling the result stops measuring. */
export function processGauges(registry: Registry, name: string | undefined): () => void {
  const gauge = reader(registry)
  const own: Labels = name === undefined ? {} : { process: name }
  const labelNames = Object.keys(own)
  gauge({ name: 'process_resident_memory_bytes', help: 'Memory of the process.', labelNames }, () => [
    [own, process.memoryUsage.rss()],
  ])
  const cpu = 'CPU time of the process since its start.'
  gauge({ name: 'process_cpu_seconds', help: cpu, labelNames }, () => {
    const { user, system } = process.cpuUsage()
    return [[own, (user + system) / 1e6]]
  })
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const late = 'How late the event loop was since the last scrape.'
  const labels = ['quantile', ...labelNames]
  gauge({ name: 'gw_event_loop_delay_seconds', help: late, labelNames: labels }, () => delaySamples(delay, own))
  return () => void delay.disable()
}

function connectionSamples(connections: Iterable<ConnectionStatus>): readonly Sample[] {
  const counts = new Map<string, { readonly labels: Labels; count: number }>()
  for (const { provider, state, enabled } of connections) {
    const labels = { provider, state: enabled ? state : 'disabled' }
    const known = counts.get(`${labels.provider} ${labels.state}`) ?? { labels, count: 0 }
    known.count += 1
    counts.set(`${labels.provider} ${labels.state}`, known)
  }
  return [...counts.values()].map(({ labels, count }) => [labels, count])
}

const RESOLUTION_MS = 20
const QUANTILES = [50, 90, 99]

/** Since the scrape before. The delay includes the resolution of the measuring, which is taken off. */
function delaySamples(delay: IntervalHistogram, own: Labels): readonly Sample[] {
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1_000)
  const samples = QUANTILES.map((quantile): Sample => [
    { quantile: String(quantile / 100), ...own },
    seconds(delay.percentile(quantile)),
  ])
  const most: Sample = [{ quantile: '1', ...own }, seconds(delay.max)]
  delay.reset()
  return [...samples, most]
}
