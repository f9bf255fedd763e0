import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { remote, writeConfig } from './gateway-config.ts'
import { inTurns, middle } from './load.ts'
import {
  addKey,
  answers,
  NODE_ARGS,
  cpuSeconds,
  program,
  residentMb,
  start,
  startGateway,
  startSynthetic,
  untilActive,
} from './processes.ts'
import { type Era, lister } from './requests.ts'

export interface StartupFigures {
  readonly ways: readonly StartupFigure[]
  /** Resident memory of `serve` without connections, before anybody asked, MB. */
  readonly emptyMb?: number | undefined
}

/** One way to start and ask. */
export interface StartupFigure {
  readonly way: string
  /** From the start of the process to the answer of the first list, milliseconds: the middle, and all of them. */
  readonly ms: number
  readonly all: readonly number[]
  /** CPU of the process until then, milliseconds; undefined where there is no /proc. */
  readonly cpuMs?: number | undefined
}

export interface StartupSetup {
  /** Folder of the compiled product. */
  readonly dist: string
  /** Where configurations and state go. */
  readonly folder: string
  readonly times: number
  readonly say: (text: string) => void
}

interface Started {
  readonly ms: number
  readonly cpuMs: number | undefined
}

const TOOLS = 10
const INITIALIZE = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } }
const LISTED = '"tools":['
const KNOWN = 'echo'

/**
 * Starts the gateway over a folder that knows the tools of a server, which takes connections and from now on says nothing,
 * and asks for the list at once.
 */
export async function benchStartup({ dist, folder, times, say }: StartupSetup): Promise<StartupFigures> {
  const server = await startSynthetic(TOOLS)
  try {
    const known = { known: remote(server.url) }
    const [config, empty] = await Promise.all([
      writeConfig(join(folder, 'known'), known),
      writeConfig(join(folder, 'empty'), {}),
    ])
    const key = await learn(dist, config)
    process.kill(server.pid, 'SIGSTOP')
    const ways = [
      { way: 'serve, legacy', run: () => serve(dist, config, key, 'legacy') },
      { way: 'serve, modern', run: () => serve(dist, config, key, 'modern') },
      { way: 'stdio, legacy', run: () => stdio(dist, config) },
    ]
    const told = await inTurns(ways, times, ({ way, run }) => {
      say(`start-up: ${way}`)
      return run()
    })
    const figures = ways.map(({ way }, index) => toFigure(way, told[index] ?? []))
    return { ways: figures, emptyMb: await atRest(dist, empty) }
  } finally {
    process.kill(server.pid, 'SIGCONT')
    await server.stop()
  }
}

/** Lets a gateway see its server once; gives the key of an agent. */
async function learn(dist: string, config: string): Promise<string> {
  const gateway = await startGateway(dist, config)
  await untilActive(dist, config, 1)
  const key = await addKey(dist, config, 'bench')
  await gateway.stop()
  return key
}

async function serve(dist: string, config: string, key: string, era: Era): Promise<Started> {
  const from = performance.now()
  const gateway = await startGateway(dist, config)
  try {
    const { send, last, close } = await lister({ url: `${gateway.url}/mcp`, era, key })
    await send()
    const started = at(from, gateway.pid)
    await close()
    if (last.bytes < KNOWN.length * TOOLS) throw new Error('The gateway did not list the tools that it knows.')
    return started
  } finally {
    await gateway.stop()
  }
}

async function stdio(dist: string, config: string): Promise<Started> {
  const from = performance.now()
  const child = start([...NODE_ARGS, program(dist), 'stdio', '--agent', 'bench', '--config', config], {}, 'pipe')
  try {
    const answer = listOf(child)
    for (const message of [
      { id: 1, method: 'initialize', params: INITIALIZE },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/list', params: {} },
    ]) {
      child.stdin?.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    }
    if (!(await answer).includes(KNOWN)) throw new Error('The gateway did not list the tools that it knows.')
    return at(from, child.pid ?? 0)
  } finally {
    child.kill('SIGTERM')
    if (child.exitCode === null) await new Promise((resolve) => child.once('exit', resolve))
  }
}

async function listOf({ stdout, stderr }: ChildProcess): Promise<string> {
  if (!stdout) throw new Error('The process has no output.')
  stderr?.resume()
  for await (const line of createInterface({ input: stdout })) if (line.includes(LISTED)) return line
  throw new Error('The gateway ended before it listed anything.')
}

/** A gateway that knows nothing and has nothing to do. */
async function atRest(dist: string, config: string): Promise<number | undefined> {
  const gateway = await startGateway(dist, config)
  // What is done after listening is done by then.
  await answers(`${gateway.url}/livez`)
  const resident = residentMb(gateway.pid)
  await gateway.stop()
  return resident
}

function at(from: number, pid: number): Started {
  const ms = performance.now() - from
  const seconds = cpuSeconds(pid)
  return { ms, cpuMs: seconds === undefined ? undefined : seconds * 1_000 }
}

function toFigure(way: string, told: readonly Started[]): StartupFigure {
  const cpu = told.flatMap(({ cpuMs }) => (cpuMs === undefined ? [] : [cpuMs]))
  return {
    way,
    ms: Math.round(middle(told.map(({ ms }) => ms))),
    all: told.map(({ ms }) => Math.round(ms)).toSorted((a, b) => a - b),
    cpuMs: cpu.length === 0 ? undefined : Math.round(middle(cpu)),
  }
}
