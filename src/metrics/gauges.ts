import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Gauge, type Registry } from 'prom-client'
import type { ConnectionStatus } from '../kernel/connection.ts'

/** How things are now. Asked for every scrape, so everything must be at hand. */
export interface Readings {
  connections(): Iterable<ConnectionStatus>
  /** Calls by connection that run, and that wait for a place. */
  calls(): readonly { readonly connection: string; readonly running: number; readonly waiting: number }[]
  /** Requests to services by lane, and the lanes that are left alone because they fail. */
  requests(): {
    readonly lanes: readonly { readonly lane: string; readonly running: number; readonly waiting: number }[]
    readonly circuits: ReadonlyMap<string, 'open' | 'half_open'>
  }
  /** What clients keep open. */
  clients(): { readonly sessions: number; readonly listens: number }
  readonly auditPending: () => number
  readonly approvalsPending: () => number
  /** Milliseconds since the snapshot in force was made. */
  readonly snapshotAgeMs: () => number
}

type Labels = Readonly<Record<string, string>>
type Sample = readonly [labels: Labels, value: number]

/** Gauges that read when they are scraped; between two scrapes they cost nothing. */
export function gauges(registry: Registry, readings: Readings): void {
  const gauge = (name: string, help: string, labelNames: readonly string[], read: () => readonly Sample[]): void => {
    const made = new Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [],
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.set(labels, value)
      },
    })
    registry.registerMetric(made)
  }
  const single = (name: string, help: string, read: () => number): void => gauge(name, help, [], () => [[{}, read()]])

  gauge('gw_connections', 'Connections by provider and state.', ['provider', 'state'], () =>
    connectionSamples(readings.connections()),
  )
  gauge('gw_calls_running', 'Calls that run now.', ['connection'], () =>
    readings.calls().map(({ connection, running }) => [{ connection }, running]),
  )
  gauge('gw_calls_waiting', 'Calls that wait for a place.', ['connection'], () =>
    readings.calls().map(({ connection, waiting }) => [{ connection }, waiting]),
  )
  gauge('gw_requests_running', 'Requests to services that are under way, by connection or host.', ['lane'], () =>
    readings.requests().lanes.map(({ lane, running }) => [{ lane }, running]),
  )
  gauge('gw_requests_waiting', 'Requests to services that wait for a place.', ['lane'], () =>
    readings.requests().lanes.map(({ lane, waiting }) => [{ lane }, waiting]),
  )
  gauge(
    'gw_circuit_state',
    'Services left alone because they fail: 2 open, 1 tried again. Absent: closed.',
    ['lane'],
    () => [...readings.requests().circuits].map(([lane, state]) => [{ lane }, state === 'open' ? 2 : 1]),
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
  eventLoop(gauge)
  single('process_resident_memory_bytes', 'Memory of the process.', () => process.memoryUsage.rss())
  single('process_cpu_seconds', 'CPU time of the process since its start.', () => {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1e6
  })
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
function eventLoop(
  gauge: (name: string, help: string, labels: readonly string[], read: () => readonly Sample[]) => void,
) {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  const seconds = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1_000)
  gauge('gw_event_loop_delay_seconds', 'How late the event loop was since the last scrape.', ['quantile'], () => {
    const samples = QUANTILES.map((quantile): Sample => [
      { quantile: String(quantile / 100) },
      seconds(delay.percentile(quantile)),
    ])
    const most: Sample = [{ quantile: '1' }, seconds(delay.max)]
    delay.reset()
    return [...samples, most]
  })
}
