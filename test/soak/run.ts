import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { createMcpHandler } from '@modelcontextprotocol/server'
import { getRequestListener } from '@hono/node-server'
import { answering, legacyHttp } from '../fakes/downstream/http-servers.ts'
import { legacyServer } from './downstream-legacy.mjs'
import { modernServer } from './downstream-modern.mjs'
import { type GatewayProcess, gatewayProcess, type Measured } from './gateway-process.ts'
import { type Soaker, soaker } from './soaker.ts'

export interface Size {
  readonly calls: number
  readonly clients: number
}

export interface Soaked extends Size {
  readonly seconds: number
  readonly wrong: readonly string[]
  readonly leaks: readonly string[]
  /** Of the gateway: with its clients before any call, after the first calls, after all, and without its clients. */
  readonly before: Measured
  readonly warm: Measured
  readonly after: Measured
  readonly alone: Measured
  /** What the gateway says is open once its clients have gone. */
  readonly left: Readonly<Record<string, number>>
  /** Sessions that the gateway holds at a downstream server once it has ended itself. */
  readonly downstreamSessions: number
  readonly orphans: readonly number[]
}

/** After so many calls everything is compiled and cached that ever will be. */
const WARM_UP = 1_000
/** Two clients, one of each era, for each agent. */
const agentOf = (index: number): string => `agent-${Math.floor(index / 2)}`
const CONNECTIONS = ['old', 'new', 'pipe']

export async function soak(size: Size, say: (text: string) => void): Promise<Soaked> {
  const old = await legacyHttp(() => legacyServer())
  const handler = createMcpHandler(() => modernServer(), { legacy: 'reject' })
  const listener = getRequestListener((request) => handler.fetch(request))
  const fresh = await answering((request, response) => void listener(request, response))
  const gateway = await gatewayProcess({
    agents: Object.fromEntries(Array.from({ length: size.clients }, (_, index) => [agentOf(index), {}])),
    connections: {
      old: { mcp: { url: old.url.href, transport: 'http', allowPrivateNetwork: true }, trustAnnotations: true },
      new: { mcp: { url: fresh.url.href, transport: 'http', allowPrivateNetwork: true }, trustAnnotations: true },
      pipe: { mcp: { command: process.execPath, args: [join(import.meta.dirname, 'downstream-legacy.mjs')] } },
    },
  })
  try {
    const soaked = await run(gateway, size, say)
    const { children } = soaked.alone.open
    await gateway.close()
    return { ...soaked, downstreamSessions: old.sessions(), orphans: await stillAlive(children) }
  } finally {
    await Promise.all([old.close(), handler.close().then(() => fresh.close())])
  }
}

type Run = Omit<Soaked, 'downstreamSessions' | 'orphans'>

async function run(gateway: GatewayProcess, size: Size, say: (text: string) => void): Promise<Run> {
  const before = await gateway.measure()
  say(`connecting ${size.clients} clients`)
  const clients = await Promise.all(Array.from({ length: size.clients }, (_, index) => connected(gateway, index)))
  const startedAt = performance.now()
  const wrong: string[] = []
  const first = Math.min(WARM_UP, size.calls)
  say(`${first} calls`)
  await call(clients, { from: 0, to: first }, wrong)
  const warm = await gateway.measure()
  say(`${size.calls - first} more`)
  await call(clients, { from: first, to: size.calls }, wrong)
  const seconds = (performance.now() - startedAt) / 1_000
  const after = await gateway.measure()
  await Promise.all(clients.map((client) => client.close()))
  const left = await whatIsLeft(gateway)
  const alone = await gateway.measure()
  return { ...size, seconds, wrong, leaks: clients.flatMap(({ leaks }) => leaks), before, warm, after, alone, left }
}

const connected = ({ endpoint, token }: GatewayProcess, index: number): Promise<Soaker> =>
  soaker(index, {
    endpoint,
    headers: { authorization: token, 'gatehouse-agent': agentOf(index) },
    connections: CONNECTIONS,
  })

/** The calls from..to, each client making those that are its own, one after the other. */
async function call(
  clients: readonly Soaker[],
  { from, to }: { readonly from: number; readonly to: number },
  wrong: string[],
): Promise<void> {
  const own = async (client: Soaker, index: number): Promise<void> => {
    for (let n = from + index; n < to; n += clients.length) {
      const turn = Math.floor(n / clients.length) + index
      const problem = await client.request(turn).catch((error: unknown) => String(error))
      if (problem !== undefined) wrong.push(`client ${index}, call ${turn}: ${problem}`)
    }
  }
  await Promise.all(clients.map(own))
}

/** That a stream or a process has ended is noticed a moment later. */
const PATIENCE_MS = 5_000
const LOOK_AGAIN_MS = 50

async function whatIsLeft({ endpoint, token }: GatewayProcess): Promise<Readonly<Record<string, number>>> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    const response = await fetch(new URL('/api/status', endpoint), { headers: { authorization: token } })
    const { load } = (await response.json()) as { readonly load: Readonly<Record<string, number>> }
    if (Object.values(load).every((count) => count === 0) || Date.now() > until) return load
    await wait(LOOK_AGAIN_MS)
  }
}

async function stillAlive(pids: readonly number[]): Promise<readonly number[]> {
  const until = Date.now() + PATIENCE_MS
  while (pids.some(isAlive) && Date.now() < until) await wait(LOOK_AGAIN_MS)
  return pids.filter(isAlive)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
