import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchAudit, type AuditFigures } from './audit.ts'
import { benchCalls, type CallFigures } from './calls.ts'
import { local, remote, writeConfig, type Connections } from './gateway-config.ts'
import { benchList, type ListFigures } from './lists.ts'
import { type Loader, startLoader } from './loader.ts'
import { installPeers, startHub } from './peers.ts'
import { benchPolicy, type PolicyFigures } from './policy.ts'
import { addKey, residentMb, type Running, startGateway, startSynthetic, SYNTHETIC, untilActive } from './processes.ts'
import { startBareProxy, startNginx } from './proxies.ts'
import { benchStartup, type StartupFigures } from './startup.ts'
import { GATEHOUSE, toWays } from './ways.ts'

export interface BenchOptions {
  /** Folder of the compiled product. */
  readonly dist: string
  readonly rounds: number
  /** How long one way is loaded in one round. */
  readonly seconds: number
  readonly listSeconds: number
  /** How often each way to start is measured. */
  readonly starts: number
  /** Makes 100,000 calls more before the last look at memory. */
  readonly full: boolean
  /** Installs other gateways and measures them too. */
  readonly peers: boolean
  readonly gatewayArgs: readonly string[]
  readonly say: (text: string) => void
}

export interface Figures {
  readonly calls: readonly CallFigures[]
  readonly lists: readonly ListFigures[]
  readonly policy: PolicyFigures
  readonly audit: AuditFigures
  readonly startup: StartupFigures
  /** Resident memory of a gateway, MB. */
  readonly memory: {
    readonly with5000Tools?: number | undefined
    readonly with5000ToolsAfterLists?: number | undefined
    readonly idle?: number | undefined
    readonly afterCalls?: number | undefined
    /** How many calls that were. */
    readonly calls: number
  }
  /** What was not measured, and why. */
  readonly absent: readonly string[]
}

/** Starts everything, measures, and leaves nothing behind. */
export async function runBench(options: BenchOptions): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  const running: Running[] = []
  const keep = async (starting: Promise<Running>): Promise<Running> => {
    const started = await starting
    running.push(started)
    return started
  }
  try {
    return await measureAll({ ...options, folder, keep })
  } finally {
    await Promise.all(running.toReversed().map((one) => one.stop()))
    await rm(folder, { recursive: true, force: true })
  }
}

interface Bench extends BenchOptions {
  readonly folder: string
  readonly keep: (starting: Promise<Running>) => Promise<Running>
}

const MANY = 20
const FULL_CALLS = 100_000

async function measureAll(bench: Bench): Promise<Figures> {
  const { say, rounds, seconds, listSeconds } = bench
  say('policy and audit by themselves')
  const [policy, audit] = [await benchPolicy(), await benchAudit()]
  // Before anything else runs beside it.
  const startup = await benchStartup({ ...bench, times: bench.starts })
  const scene = await setUp(bench)
  const { gateway, ways, loader, lists: toList, large, absent } = scene
  const idle = residentMb(gateway.pid)
  const with5000Tools = residentMb(large.pid)
  const calls = await benchCalls({ ways, loader, rounds, seconds, say })
  const made = bench.full ? await makeCalls(scene, FULL_CALLS, say) : 0
  const afterCalls = residentMb(gateway.pid)
  const lists: ListFigures[] = []
  for (const { tools, direct, through } of toList) {
    say(`tools/list of ${tools} tools`)
    lists.push(await benchList({ tools, direct, gateway: through, rounds, seconds: listSeconds, loader }))
  }
  const memory = { with5000Tools, with5000ToolsAfterLists: residentMb(large.pid), idle, afterCalls, calls: made }
  return { calls, lists, policy, audit, startup, memory, absent }
}

type Scene = Awaited<ReturnType<typeof setUp>>

/** Every process that is measured, and the ways between them. */
async function setUp(bench: Bench) {
  const { keep, say, folder, peers } = bench
  say('starting the servers')
  const sizes = [10, 100, 1_000] as const
  const servers = await Promise.all(
    sizes.map(async (tools) => ({ tools, url: (await keep(startSynthetic(tools))).url })),
  )
  const fiveThousand = await keep(startSynthetic(5_000))
  const urls = (await keep(startSynthetic(10, MANY))).url.split(' ')
  const [{ url: server } = fiveThousand] = servers
  const bare = await keep(startBareProxy(server))
  if (peers) await installPeers()
  const nginx = await startNginx(folder, server)
  const hub = peers ? await startHub(folder, server) : undefined
  for (const one of [nginx, hub]) if (one) await keep(Promise.resolve(one))
  const gateway = await openGateway(bench, 'busy', {
    quick: remote(server),
    local: local(SYNTHETIC, '10', 'stdio'),
    ...Object.fromEntries(urls.map((url, n) => [`many-${n}`, remote(url)])),
  })
  const listed = await openGateway(
    bench,
    'listed',
    Object.fromEntries(servers.map((one) => [`of-${one.tools}`, remote(one.url)])),
  )
  const large = await openGateway(bench, 'large', { 'of-5000': remote(fiveThousand.url) })
  const key = await gateway.keyOf('bench')
  const stage = { server, bare, nginx, hub, gateway: { ...gateway, key }, many: MANY }
  const lists = []
  for (const { tools, url } of [...servers, { tools: 5_000, url: fiveThousand.url }]) {
    const at = tools === 5_000 ? large : listed
    const through = { url: at.url, era: 'modern', key: await at.keyOf(`of-${tools}`) } as const
    lists.push({ tools, direct: { url, era: 'modern' } as const, through })
  }
  const loader: Loader = startLoader()
  await keep(Promise.resolve({ url: '', pid: 0, stop: () => loader.stop() }))
  return { gateway, large, lists, ways: toWays(stage), loader, absent: toAbsent(stage, peers) }
}

const toAbsent = ({ nginx, hub }: { nginx?: unknown; hub?: unknown }, peers: boolean): readonly string[] => [
  ...(nginx ? [] : ['nginx is not installed here: there is no such row.']),
  ...(hub ? [] : [peers ? 'mcp-hub could not be installed.' : 'Other gateways are measured with --peers.']),
]

/** Half of the calls in each era. */
async function makeCalls({ ways, loader }: Scene, count: number, say: BenchOptions['say']): Promise<number> {
  const own = ways.filter(({ name }) => name === GATEHOUSE)
  let made = 0
  for (let turn = 0; made < count; turn++) {
    say(`calls for the look at memory: ${made.toLocaleString('en')} of ${count.toLocaleString('en')}`)
    const job = own[turn % own.length]?.job
    if (job) made += (await loader.run({ ...job, concurrency: 64, seconds: 5 })).calls
  }
  return made
}

interface OpenGateway {
  readonly url: string
  readonly pid: number
  keyOf(agent: string): Promise<string>
}

async function openGateway(
  { dist, folder, keep, gatewayArgs }: Bench,
  name: string,
  connections: Connections,
): Promise<OpenGateway> {
  const config = await writeConfig(join(folder, name), connections)
  const { url, pid } = await keep(startGateway(dist, config, gatewayArgs))
  await untilActive(dist, config, Object.keys(connections).length)
  return { url: `${url}/mcp`, pid, keyOf: (agent) => addKey(dist, config, agent) }
}
