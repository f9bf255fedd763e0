import { benchCalls, type CallFigures, type CallsSetup, type Way } from './calls.ts'
import { type Connections, local, remote } from './gateway-config.ts'
import { type Loader, startLoader } from './loader.ts'
import { type GatewaySetup, openGateway, type OpenGateway } from './open-gateway.ts'
import { installPeers, startHub } from './peers.ts'
import { residentMb, startSynthetic, SYNTHETIC } from './processes.ts'
import { startBareProxy, startNginx } from './proxies.ts'
import { BARE, DIRECT, type Door, GATEHOUSE, type Stage, toWays, WORKERS } from './ways.ts'

const MANY = 20
const FULL_CALLS = 100_000

export interface StageSetup extends GatewaySetup, Pick<CallsSetup, 'rounds' | 'seconds' | 'warmUpSeconds' | 'say'> {
  /** Makes 100,000 calls more before the last look at memory. */
  readonly full: boolean
  /** Installs other gateways and measures them too. */
  readonly peers: boolean
  /** Ways whose name has this text, and what they are compared with; all without it. */
  readonly way?: string | undefined
}

export interface StageFigures {
  readonly calls: readonly CallFigures[]
  readonly memory: StageMemory
  /** What was not measured, and why. */
  readonly absent: readonly string[]
}

/** Resident memory of gateways with 22 servers, MB; of workers and their owner together. */
export interface StageMemory {
  readonly idle?: number | undefined
  readonly afterCalls?: number | undefined
  /** How many calls that were, besides those of the rounds. */
  readonly calls: number
  readonly cluster?: number | undefined
  readonly clusterAfterCalls?: number | undefined
}

/** Starts every way to one tool and measures calls. */
export async function benchStage(setup: StageSetup): Promise<StageFigures> {
  const { stage, loader } = await setUp(setup)
  const { gateway, cluster } = stage
  const ways = toWays(stage).filter(({ name }) => isWanted(name, setup.way))
  const [idle, clusterIdle] = [together(gateway), together(cluster)]
  const calls = await benchCalls({ ...setup, ways, loader })
  const clusterAfterCalls = together(cluster)
  const made = setup.full ? await makeCalls(ways, loader, setup.say) : 0
  return {
    calls,
    memory: { idle, afterCalls: together(gateway), calls: made, cluster: clusterIdle, clusterAfterCalls },
    absent: toAbsent(stage, setup.peers),
  }
}

const isWanted = (name: string, way: string | undefined): boolean =>
  way === undefined || name.includes(way) || [DIRECT, BARE, GATEHOUSE].includes(name)

/** Every process that is measured. */
async function setUp(setup: StageSetup): Promise<{ readonly stage: Stage; readonly loader: Loader }> {
  const { keep, say, folder, peers } = setup
  say('calls: starting the servers')
  const { url: server } = await keep(startSynthetic(10))
  const urls = (await keep(startSynthetic(10, MANY))).url.split(' ')
  const bare = await keep(startBareProxy(server))
  if (peers) await installPeers()
  const nginx = await startNginx(folder, server)
  const hub = peers ? await startHub(folder, server) : undefined
  for (const one of [nginx, hub]) if (one) await keep(Promise.resolve(one))
  const connections: Connections = {
    quick: remote(server),
    local: local(SYNTHETIC, '10', 'stdio'),
    ...Object.fromEntries(urls.map((url, n) => [`many-${n}`, remote(url)])),
  }
  const gateway = await toDoor(await openGateway(setup, 'one', connections))
  const cluster = await toDoor(await openGateway(setup, 'workers', connections, WORKERS))
  const loader = startLoader()
  await keep(Promise.resolve({ url: '', pid: 0, stop: () => loader.stop() }))
  return { stage: { server, bare, nginx, hub, gateway, cluster, many: MANY }, loader }
}

const toDoor = async ({ url, pids, keyOf }: OpenGateway): Promise<Door> => ({ url, pids, key: await keyOf('bench') })

/** Undefined where there is no /proc. Pages that processes share are counted for each of them. */
function together({ pids }: Door): number | undefined {
  const each = pids.flatMap((pid) => residentMb(pid) ?? [])
  return each.length === 0 ? undefined : each.reduce((sum, mb) => sum + mb, 0)
}

/** Half of the calls in each era. */
async function makeCalls(ways: readonly Way[], loader: Loader, say: StageSetup['say']): Promise<number> {
  const own = ways.filter(({ name }) => name === GATEHOUSE)
  let made = 0
  for (let turn = 0; made < FULL_CALLS; turn++) {
    say(`calls for the look at memory: ${made.toLocaleString('en')} of ${FULL_CALLS.toLocaleString('en')}`)
    const job = own[turn % own.length]?.job
    if (job) made += (await loader.run({ ...job, concurrency: 64, seconds: 5 })).calls
  }
  return made
}

const toAbsent = ({ nginx, hub }: Stage, peers: boolean): readonly string[] => [
  ...(nginx ? [] : ['nginx is not installed here: there is no such row.']),
  ...(hub ? [] : [peers ? 'mcp-hub could not be installed.' : 'Other gateways are measured with --peers.']),
]
