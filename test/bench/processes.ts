import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { bundle } from '../tools/bundle.ts'

const run = promisify(execFile)
const ROOT = join(import.meta.dirname, '../..')
const START_MS = 30_000
/** `getconf CLK_TCK` of Linux. */
const TICKS_PER_SECOND = 100
const URL_MEMBER = /"url": *"([^"]+)"/

/** The quick downstream server of this folder. */
export const SYNTHETIC = join(import.meta.dirname, 'downstream.mjs')

/** A server in a process of its own. */
export interface Running {
  readonly url: string
  readonly pid: number
  stop(): Promise<void>
}

/** Makes the product as it is published; gives the folder that holds it. */
export async function build(): Promise<string> {
  const folder = join(ROOT, 'node_modules/.gatehouse-bench')
  await bundle(folder)
  return join(folder, 'dist')
}

/** What Node is told where the product is run as it is shipped: the image and the README say the same. */
export const NODE_ARGS = ['--max-semi-space-size=8', '--v8-pool-size=1']

/** The command line of a compiled product. */
export const program = (dist: string): string => join(dist, 'src/main.js')

export interface GatewayStart {
  readonly nodeArgs?: readonly string[]
  /** One is one process for everything; with more the process given is the one that starts owner and workers. */
  readonly workers?: number
}

/** Serves what `config` says; resolves as soon as it listens. */
export async function startGateway(
  dist: string,
  config: string,
  { nodeArgs = [], workers = 1 }: GatewayStart = {},
): Promise<Running> {
  const serve = ['serve', '--json', '--port', '0', '--workers', String(workers), '--config', config]
  const args = [...NODE_ARGS, ...nodeArgs, program(dist), ...serve]
  const child = start(args, {})
  const line = await firstLine(child, 'stdout', (text) => URL_MEMBER.test(text))
  return toRunning(child, URL_MEMBER.exec(line)?.[1] ?? '')
}

/** Gives an agent its key. */
export async function addKey(dist: string, config: string, agent: string): Promise<string> {
  const { stdout } = await run(process.execPath, [program(dist), 'agent', 'add', agent, '--config', config])
  return stdout.trim()
}

/** Waits until all connections are active. */
export async function untilActive(dist: string, config: string, connections: number): Promise<void> {
  for (const endsAt = Date.now() + START_MS; Date.now() < endsAt;) {
    const { stdout } = await run(process.execPath, [program(dist), 'status', '--json', '--config', config])
    const status = JSON.parse(stdout) as { connections: readonly { state: string }[] }
    if (status.connections.filter(({ state }) => state === 'active').length === connections) return
  }
  throw new Error('The gateway did not reach its downstream servers.')
}

/** The quick downstream server; with more than one port its `url` holds all of them, with spaces between. */
export async function startSynthetic(tools: number, ports = 1): Promise<Running> {
  const child = start([SYNTHETIC, String(tools), String(ports)], {})
  return toRunning(child, await firstLine(child, 'stdout', () => true))
}

/** A Node process. */
export const start = (
  args: readonly string[],
  env: Record<string, string>,
  stdin: 'ignore' | 'pipe' = 'ignore',
): ChildProcess =>
  spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: [stdin, 'pipe', 'pipe'] })

/** Waits until something answers at the address, whatever it says. */
export async function answers(url: string): Promise<void> {
  for (const endsAt = Date.now() + START_MS; Date.now() < endsAt;) {
    const answer = await fetch(url).catch(() => undefined)
    await answer?.body?.cancel()
    if (answer) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`Nothing answers at ${url}.`)
}

/** The first line that is wanted, of a process that goes on. */
export async function firstLine(
  child: ChildProcess,
  from: 'stdout' | 'stderr',
  wanted: (line: string) => boolean,
): Promise<string> {
  const stream = child[from]
  if (!stream) throw new Error('The process has no output.')
  let told = ''
  child.stderr?.on('data', (chunk: Buffer) => (told = `${told}${chunk.toString()}`.slice(-2_000)))
  const lines = createInterface({ input: stream })
  const timer = setTimeout(() => child.kill('SIGKILL'), START_MS)
  try {
    for await (const line of lines) if (wanted(line)) return line
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
    child.stdout?.resume()
    child.stderr?.resume()
  }
  child.kill('SIGKILL')
  throw new Error(`A server did not start: ${told}`)
}

/** The process as one that can be stopped. */
export function toRunning(child: ChildProcess, url: string): Running {
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** A port that nobody has right now. */
export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** CPU seconds that a process has used so far, all its threads; undefined where there is no /proc. */
export function cpuSeconds(pid: number): number | undefined {
  const stat = readProc(pid, 'stat')
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields && (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND
}

/** Resident memory in MB; undefined where there is no /proc. */
export function residentMb(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(pid, 'status') ?? '')?.[1]
  return kilobytes === undefined ? undefined : Math.round(Number(kilobytes) / 1_024)
}

/** What a process has started and has not ended; nothing where there is no /proc. */
export const childrenOf = (pid: number): readonly number[] =>
  (readProc(pid, `task/${pid}/children`) ?? '').split(' ').filter(Boolean).map(Number)

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return undefined
  }
}
