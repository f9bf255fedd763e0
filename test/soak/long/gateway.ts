import type { ChildProcess } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Connections, writeConfig } from '../../bench/gateway-config.ts'
import { addKey, firstLine, NODE_ARGS, program, start, toRunning, untilActive } from '../../bench/processes.ts'
import { INSPECTABLE, inspectorIn, liveHeapMb } from './live-heap.ts'

/** The product as users run it. */
export interface Served {
  readonly url: string
  readonly pid: number
  /** One of each agent. */
  readonly keys: readonly string[]
  /** The first lines of its log, which is of errors only. */
  readonly logged: readonly string[]
  /** What lives in its heap after a collection, MB. */
  liveHeapMb(): Promise<number>
  /** Stops it as an operator does, and gives its exit code. */
  stop(): Promise<number | null>
  /** What `gatehouse audit verify` answers, once it has stopped. */
  verifyAudit(): Promise<{ readonly code: number | null; readonly text: string }>
}

const AGENTS = 10
/** Keeps the disk from filling up in a long soak; the log is cut and begun anew all the time. */
const MOST_AUDIT_BYTES = 512 * 1_048_576
const MOST_LINES = 50
const MCP_MEMBER = /"mcp": *"([^"]+)"/

/** Serves the compiled product with a key for each agent, 50 rules, a rate limit and the audit log. */
export async function serve(dist: string, folder: string, connections: Connections): Promise<Served> {
  const config = await writeConfig(join(folder, 'gateway'), connections)
  const agents = Array.from({ length: AGENTS }, (_, index) => `soak-${index}`)
  await amend(config, agents)
  const main = program(dist)
  const child = start([...NODE_ARGS, INSPECTABLE, main, 'serve', '--json', '--port', '0', '--config', config], {})
  const logged: string[] = []
  if (!child.stderr) throw new Error('The gateway has no log.')
  const inspector = newInspector(child)
  // What it tells people stands there too.
  createInterface({ input: child.stderr }).on('line', (line) => {
    inspector.hear(line)
    if (line.startsWith('{') && logged.length < MOST_LINES) logged.push(line)
  })
  const url = MCP_MEMBER.exec(await firstLine(child, 'stdout', (line) => MCP_MEMBER.test(line)))?.[1] ?? ''
  const running = toRunning(child, url)
  try {
    const keys = []
    for (const agent of agents) keys.push(await addKey(dist, config, agent))
    await untilActive(dist, config, Object.keys(connections).length)
    return {
      ...running,
      keys,
      logged,
      liveHeapMb: async () => liveHeapMb(await inspector.address()),
      async stop() {
        await running.stop()
        return child.exitCode
      },
      verifyAudit: () => ran(start([main, 'audit', 'verify', '--config', config], {})),
    }
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** Node opens its inspector on SIGUSR1, and says where. */
function newInspector(child: ChildProcess) {
  let found: (address: string) => void = () => undefined
  const address = new Promise<string>((resolve) => {
    found = resolve
  })
  return {
    hear(line: string): void {
      const told = inspectorIn(line)
      if (told !== undefined) found(told)
    },
    address(): Promise<string> {
      child.kill('SIGUSR1')
      return address
    },
  }
}

/** More agents who may use everything, and a bound for the audit log. */
async function amend(config: string, agents: readonly string[]): Promise<void> {
  const document = JSON.parse(await readFile(config, 'utf8')) as { agents: object }
  const ours = Object.fromEntries(agents.map((id) => [id, { groups: ['benchs'] }]))
  const amended = {
    ...document,
    agents: { ...document.agents, ...ours },
    audit: { retain: { maxBytes: MOST_AUDIT_BYTES } },
  }
  await writeFile(config, JSON.stringify(amended, undefined, 2))
}

async function ran(child: ReturnType<typeof start>): Promise<{ readonly code: number | null; readonly text: string }> {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await new Promise<void>((resolve) => child.once('close', () => resolve()))
  return { code: child.exitCode, text: text.trim() }
}
