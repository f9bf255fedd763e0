import type { Way } from './calls.ts'
import type { Running } from './processes.ts'
import type { Era, ToolCall } from './requests.ts'

export const DIRECT = 'direct'
export const BARE = 'node:http + undici'
export const NGINX = 'nginx'
export const GATEHOUSE = 'gatehouse, HTTP'
export const WORKERS = 2
export const CLUSTER = `${GATEHOUSE}, ${WORKERS} workers`
export const PEERS = ['mcp-hub'] as const

/** A gateway, the processes that serve it, and the key of an agent. */
export interface Door {
  readonly url: string
  readonly pids: readonly number[]
  readonly key: string
}

export interface Stage {
  readonly server: string
  readonly bare: Running
  readonly nginx: Running | undefined
  readonly hub: Running | undefined
  readonly gateway: Door
  /** The same gateway with workers. */
  readonly cluster: Door
  /** How many connections `many-<n>` the gateway has. */
  readonly many: number
}

const ERAS = ['legacy', 'modern'] as const
const READ = 'echo'
/** The audit log has the intent on the disk before such a call is sent. */
const WRITE = 'update_record_1'

/** Every way that is there to the same server and the same tool. */
export const toWays = ({ server, bare, nginx, hub, gateway, cluster, many }: Stage): readonly Way[] => [
  ...ERAS.map((era) => plain(DIRECT, server, era)),
  ...(nginx ? [plain(NGINX, nginx.url, 'legacy', [nginx.pid])] : []),
  plain(BARE, bare.url, 'legacy', [bare.pid]),
  ...ERAS.map((era) => through(gateway, GATEHOUSE, era, ['quick'])),
  ...ERAS.map((era) => ({ ...through(cluster, CLUSTER, era, ['quick']), concurrencies: [16, 64] })),
  ...ERAS.map((era) => through(gateway, 'gatehouse, stdio', era, ['local'])),
  through(gateway, 'gatehouse, HTTP, write', 'modern', ['quick'], WRITE),
  through(
    gateway,
    `gatehouse, ${many} servers`,
    'modern',
    Array.from({ length: many }, (_, n) => `many-${n}`),
  ),
  ...(hub ? [toHub(hub)] : []),
]

function plain(name: string, url: string, era: Era, pids: readonly number[] = []): Way {
  return { name, era, pids, job: { kind: 'call', endpoint: { url, era }, calls: [toCall(READ)] } }
}

function through({ url, pids, key }: Door, name: string, era: Era, connections: readonly string[], tool = READ): Way {
  const calls = connections.map((connection) => toCall(`conn__${connection.replaceAll('-', '_')}__${tool}`))
  return { name, era, pids, job: { kind: 'call', endpoint: { url, era, key }, calls } }
}

const toHub = ({ url, pid }: Running): Way => ({
  name: 'mcp-hub',
  era: 'legacy',
  pids: [pid],
  job: { kind: 'sse', endpoint: { url, era: 'legacy' }, calls: [toCall(`quick__${READ}`)] },
})

const toCall = (name: string): ToolCall => ({ name, arguments: { text: 'gatehouse '.repeat(8) } })
