import type { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Connections, local, remote } from '../../bench/gateway-config.ts'
import { firstLine, freePort, start } from '../../bench/processes.ts'

const PROGRAM = join(import.meta.dirname, 'downstream.mjs')
const LEGACY = 7
const MODERN = 7
const LOCAL = 4

/** A downstream server that can be made to fail. */
export interface Flapping {
  readonly connection: string
  /** Its process is killed; calls under way are lost. */
  kill(): void
  /** Its process stands still: what connects to it waits. */
  freeze(): void
  thaw(): void
  /** Starts it again where nobody else does; resolves when it listens. */
  restart(): Promise<void>
}

/** 20 downstream servers, two of which can be made to fail. */
export interface Fleet {
  readonly connections: Connections
  readonly stable: readonly string[]
  readonly flapping: readonly Flapping[]
  stop(): Promise<void>
}

interface Server {
  readonly name: string
  readonly era: 'legacy' | 'modern'
  readonly port: number
}

/** Starts those over HTTP, the stable ones in one process; those over stdio are the gateway's to start. */
export async function startFleet(folder: string): Promise<Fleet> {
  const numbered = (kind: string, count: number): readonly string[] =>
    Array.from({ length: count }, (_, index) => `${kind}-${index}`)
  const servers: Server[] = []
  for (const name of numbered('legacy', LEGACY)) servers.push({ name, era: 'legacy', port: await freePort() })
  for (const name of numbered('modern', MODERN)) servers.push({ name, era: 'modern', port: await freePort() })
  const shaky: Server = { name: 'shaky-http', era: 'legacy', port: await freePort() }
  const steady = await listening(servers)
  const http = await flappingHttp(shaky)
  const pidFile = join(folder, 'shaky-stdio.pid')
  const locals = numbered('local', LOCAL)
  return {
    connections: {
      ...Object.fromEntries(
        [...servers, shaky].map(({ name, port }) => [name, remote(`http://127.0.0.1:${port}/mcp`)]),
      ),
      ...Object.fromEntries(locals.map((name) => [name, stdio(name, join(folder, `${name}.pid`))])),
      'shaky-stdio': stdio('shaky-stdio', pidFile),
    },
    stable: [...servers.map(({ name }) => name), ...locals],
    flapping: [http, flappingStdio(pidFile)],
    async stop() {
      http.thaw()
      await Promise.all([ended(steady), http.end()])
    },
  }
}

const stdio = (name: string, pidFile: string): object => local(PROGRAM, JSON.stringify({ name, pidFile }))

async function listening(servers: readonly Server[]): Promise<ChildProcess> {
  const child = start([PROGRAM, JSON.stringify(servers)], {})
  await firstLine(child, 'stdout', () => true)
  return child
}

async function flappingHttp(server: Server): Promise<Flapping & { end(): Promise<void> }> {
  let child = await listening([server])
  return {
    connection: server.name,
    kill: () => void child.kill('SIGKILL'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async restart() {
      await ended(child)
      child = await listening([server])
    },
    end: () => ended(child),
  }
}

/** The gateway starts it, and starts it again; each says its own pid. */
function flappingStdio(pidFile: string): Flapping {
  const signal = (name: NodeJS.Signals): void => {
    try {
      process.kill(Number(readFileSync(pidFile, 'utf8')), name)
    } catch {
      // it has ended, and the gateway has not started the next one yet
    }
  }
  return {
    connection: 'shaky-stdio',
    kill: () => signal('SIGKILL'),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    restart: () => Promise.resolve(),
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGKILL')
  await exited
}
