import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { BUILT_MAIN } from './built.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const root = join(import.meta.dirname, '..', '..')
const DOWNSTREAM = join(root, 'test/fakes/downstream/legacy-server.mjs')
const ARGV = [BUILT_MAIN]

/** A command that has ended. */
export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A command that runs. */
export interface RunningCommand {
  readonly pid: number
  readonly child: ChildProcessWithoutNullStreams
  readonly out: () => string
  readonly err: () => string
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<Ended>
}

export interface Installation {
  readonly directory: string
  readonly configPath: string
  /** Starts `gatehouse …`; ended with the test. */
  readonly start: (...argv: string[]) => RunningCommand
  /** Runs `gatehouse …` to its end, with an empty stdin. */
  readonly run: (...argv: string[]) => Promise<Ended>
  readonly configure: (change: object) => Promise<void>
}

export const CONFIG = {
  organisation: 'acme',
  server: { port: 0 },
  agents: { sidekick: {} },
  connections: {
    tools: { mcp: { command: process.execPath, args: [DOWNSTREAM, 'fine'] }, tools: { echo: { effect: 'read' } } },
  },
  policy: {
    rules: [
      { id: 'all', effect: 'allow' },
      { id: 'no-secrets', effect: 'deny', tools: { names: ['echo'] }, args: { '/message': { equals: 'secret' } } },
      { id: 'no-environment', effect: 'deny', tools: { names: ['environment'] } },
    ],
  },
}

/** A folder with a configuration, and the real command line over it. */
export async function installation(): Promise<Installation> {
  const directory = await temporaryDirectory()
  const configPath = join(directory, 'gateway.config.json')
  const configure = (change: object): Promise<void> =>
    writeFile(configPath, JSON.stringify({ ...CONFIG, ...change }, undefined, 2))
  await configure({})
  const start = (...argv: string[]): RunningCommand => {
    const { LOG_LEVEL: _level, ...env } = process.env
    const child = spawn(process.execPath, [...ARGV, ...argv], {
      cwd: root,
      env: { ...env, GATEHOUSE_CONFIG: configPath, NODE_NO_WARNINGS: '1' },
    })
    const written = { out: '', err: '' }
    child.stdout.on('data', (chunk: Buffer) => (written.out += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (written.err += chunk.toString()))
    child.stdin.on('error', () => undefined)
    const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, ...written })))
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    })
    return {
      pid: child.pid ?? 0,
      child,
      out: () => written.out,
      err: () => written.err,
      kill: (signal) => void child.kill(signal),
      ended,
    }
  }
  const run = (...argv: string[]): Promise<Ended> => {
    const command = start(...argv)
    command.child.stdin.end()
    return command.ended
  }
  return { directory, configPath, start, run, configure }
}

/** How long a test waits for another process. */
export const PATIENCE = { timeout: 15_000 }

/** A gateway that is up, with its connection. */
export async function serving({ start }: Installation): Promise<RunningCommand> {
  const gateway = start('serve', '--json')
  await expect.poll(gateway.err, PATIENCE).toContain('tools  active')
  return gateway
}

/** True while the process runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
