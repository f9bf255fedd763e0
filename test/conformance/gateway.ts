import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Eras } from './fixture/http.ts'

const ROOT = join(import.meta.dirname, '../..')
const READY_MS = 60_000
const STOP_MS = 10_000
const ACTIVE = /^ *fixture +active/m
const ENDPOINT = /"mcp":\s*"([^"]+)"/

export interface RunningGateway {
  readonly url: string
  close(): Promise<void>
}

/** How the gateway reaches the fixture: the `mcp` of a connection. */
export type Reach = { readonly url: string } | { readonly stdio: Eras }

/** The gateway as its users start it, on a free loopback port, in front of one connection; ready when that is active. */
export async function startGateway(reach: Reach): Promise<RunningGateway> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-conformance-'))
  const path = join(directory, 'gateway.config.json')
  await writeFile(path, JSON.stringify(toConfig(reach)))
  const args = ['--import', 'tsx', 'src/main.ts', 'serve', '--json', '--config', path]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (part: string) => (said.out += part))
  child.stderr.setEncoding('utf8').on('data', (part: string) => (said.err += part))
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => resolve())
  })
  const close = async (): Promise<void> => {
    child.kill('SIGTERM')
    await Promise.race([ended, wait(STOP_MS, undefined, { ref: false })])
    child.kill('SIGKILL')
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  const until = Date.now() + READY_MS
  while (Date.now() < until && child.exitCode === null) {
    const url = ENDPOINT.exec(said.out)?.[1]
    if (url !== undefined && ACTIVE.test(said.err)) return { url, close }
    await wait(50)
  }
  await close()
  throw new Error(`the gateway was not ready within ${READY_MS} ms: ${said.err.slice(-2_000)}`)
}

const toConfig = (reach: Reach): object => ({
  organisation: 'conformance',
  server: { port: 0 },
  log: { level: 'warn' },
  identity: { loopbackAgent: 'suite' },
  agents: { suite: { toolNames: 'plain' } },
  connections: {
    fixture: { mcp: 'url' in reach ? { url: reach.url, allowPrivateNetwork: true } : program(reach.stdio) },
  },
  policy: { rules: [{ id: 'allow-all', effect: 'allow' }] },
})

const program = (eras: Eras): object => ({
  command: process.execPath,
  args: ['--import', 'tsx', join(import.meta.dirname, 'fixture.ts'), '--eras', eras],
  cwd: ROOT,
})
