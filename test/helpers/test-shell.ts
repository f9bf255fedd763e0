import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { ComposeOptions, Holder, House } from '../../src/cli/house.ts'
import { runCli } from '../../src/cli/program.ts'
import type { ProcessSignal, Shell } from '../../src/cli/shell.ts'
import { Secret } from '../../src/kernel/secret.ts'
import { ADMIN_TOKEN, type AdminWorld } from './admin-world.ts'

/** A command line without a process: what it wrote, and the house that it was given. */
export interface TestShell {
  readonly run: (...argv: string[]) => Promise<number>
  readonly out: () => string
  readonly err: () => string
  readonly json: () => unknown
  /** Sends a signal to whoever listens. */
  readonly signal: (signal: ProcessSignal) => void
  readonly exits: number[]
  /** What was asked of `compose`, and how often its houses were closed. */
  readonly composed: ComposeOptions[]
  readonly closed: () => number
  readonly shell: Shell
  readonly configPath: string
}

export interface TestShellOptions {
  readonly world?: AdminWorld
  readonly house?: Partial<House>
  readonly compose?: Shell['compose']
  readonly holder?: (directory: string) => Holder | undefined
  readonly env?: Record<string, string>
  readonly stdin?: Shell['stdin']
  readonly fetch?: typeof fetch
  readonly config?: unknown
  readonly color?: boolean
  readonly columns?: number
}

export function testShell(options: TestShellOptions = {}): TestShell {
  const { world } = options
  const directory = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }))
  const configPath = join(directory, 'gateway.config.json')
  const { config = { organisation: 'acme' } } = options
  writeFileSync(configPath, typeof config === 'string' ? config : JSON.stringify(config))
  const written = { out: '', err: '' }
  const listeners = new Map<ProcessSignal, Set<() => void>>()
  const exits: number[] = []
  const composed: ComposeOptions[] = []
  let closed = 0
  const toHouse = (): House => ({
    app: { request: (path, init) => world?.app.request(path, init) ?? new Response(undefined, { status: 404 }) },
    adminToken: new Secret(ADMIN_TOKEN),
    listen: () => Promise.resolve({ url: 'http://127.0.0.1:8787' }),
    serveStdio: () => Promise.resolve(),
    settled: () => Promise.resolve(),
    statuses: () => [...(world?.deps.snapshot().connections.values() ?? [])],
    onChange: () => () => undefined,
    reload: () => Promise.resolve(),
    close: () => Promise.resolve(void closed++),
    ...options.house,
  })
  const shell: Shell = {
    version: '1.2.3',
    env: { GATEHOUSE_CONFIG: configPath, ...options.env },
    stdin: options.stdin ?? (async function* () {})(),
    stdout: (text) => void (written.out += text),
    drained: () => Promise.resolve(),
    stderr: (text) => void (written.err += text),
    color: options.color ?? false,
    columns: options.columns,
    clock: world?.deps.clock ?? Date.now,
    fetch: options.fetch ?? (() => Promise.reject(new TypeError('there is no network in this test'))),
    log: () =>
      Promise.resolve({
        info: () => undefined,
        warn: () => undefined,
        error: () => undefined,
        setLevel: () => undefined,
      }),
    onSignal(signal, listener) {
      const own = listeners.get(signal) ?? new Set()
      listeners.set(signal, own.add(listener))
      return () => own.delete(listener)
    },
    exit: (code) => void exits.push(code),
    compose: (asked) => {
      composed.push(asked)
      return options.compose?.(asked) ?? Promise.resolve(toHouse())
    },
    readHolder: (path) => Promise.resolve(options.holder?.(path)),
    work: () => Promise.reject(new Error('this shell starts no workers')),
    processes: () => Promise.reject(new Error('this shell starts no processes')),
    parent: undefined,
    cores: 2,
    declaredWorld: (parsed) =>
      Promise.resolve({
        tools: [],
        agents: Object.entries(parsed.agents).map(([id, { groups, toolNames, enabled }]) => ({
          id,
          groups,
          toolNames,
          enabled,
          origin: 'declared' as const,
        })),
        connections: [],
      }),
  }
  return {
    run: (...argv) => runCli(argv, shell),
    out: () => written.out,
    err: () => written.err,
    json: () => JSON.parse(written.out) as unknown,
    signal: (signal) => {
      for (const listener of listeners.get(signal) ?? []) listener()
    },
    exits,
    composed,
    closed: () => closed,
    shell,
    configPath,
  }
}
