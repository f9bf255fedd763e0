import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchAudit, type AuditFigures } from './audit.ts'
import { benchCalls, type CallFigures } from './calls.ts'
import { local, remote, writeConfig, type Connections } from './gateway-config.ts'
import { benchList, type ListFigures } from './lists.ts'
import { benchPolicy, type PolicyFigures } from './policy.ts'
import {
  addKey,
  EVERYTHING,
  residentMb,
  type Running,
  startEverything,
  startGateway,
  startSynthetic,
  untilActive,
} from './processes.ts'

export interface BenchOptions {
  /** Folder of the compiled product. */
  readonly dist: string
  readonly rounds: number
  /** How long one way is loaded in one round. */
  readonly seconds: number
  readonly listSeconds: number
  readonly gatewayArgs: readonly string[]
  readonly say: (text: string) => void
}

export interface Figures {
  readonly calls: readonly CallFigures[]
  readonly lists: readonly ListFigures[]
  readonly policy: PolicyFigures
  readonly audit: AuditFigures
  /** Resident memory of a gateway, MB. */
  readonly memory: {
    readonly with5000Tools?: number | undefined
    readonly with5000ToolsAfterLists?: number | undefined
    readonly afterCalls?: number | undefined
  }
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

async function measureAll(bench: Bench): Promise<Figures> {
  const { keep, say, rounds, seconds, listSeconds } = bench
  say('policy and audit by themselves')
  const [policy, audit] = [await benchPolicy(), await benchAudit()]
  say('starting the servers')
  const [ten, thousand, fiveThousand] = [
    await keep(startSynthetic(10)),
    await keep(startSynthetic(1_000)),
    await keep(startSynthetic(5_000)),
  ]
  const everything = await keep(startEverything())
  const busy = await openGateway(bench, 'busy', {
    quick: remote(ten.url),
    everything: remote(everything.url),
    local: local(EVERYTHING, 'stdio'),
    thousand: remote(thousand.url),
  })
  const large = await openGateway(bench, 'large', { 'five-thousand': remote(fiveThousand.url) })
  const with5000Tools = residentMb(large.pid)
  const gateway = { url: busy.url, pid: busy.pid, key: await busy.keyOf('bench') }
  const calls = await benchCalls({ gateway, synthetic: ten.url, everything: everything.url, rounds, seconds, say })
  const afterCalls = residentMb(busy.pid)
  const lists: ListFigures[] = []
  for (const [tools, downstream, gateway, agent] of [
    [10, ten, busy, 'quick'],
    [1_000, thousand, busy, 'thousand'],
    [5_000, fiveThousand, large, 'five-thousand'],
  ] as const) {
    say(`tools/list of ${tools} tools`)
    const key = await gateway.keyOf(agent)
    const endpoints = {
      direct: { url: downstream.url, era: 'modern' },
      gateway: { url: gateway.url, era: 'modern', key },
    } as const
    lists.push(await benchList({ tools, ...endpoints, rounds, seconds: listSeconds }))
  }
  const with5000ToolsAfterLists = residentMb(large.pid)
  return {
    calls,
    lists,
    policy,
    audit,
    memory: { with5000Tools, with5000ToolsAfterLists, afterCalls },
  }
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
