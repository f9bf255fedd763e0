#!/usr/bin/env node
import { availableParallelism } from 'node:os'
import { parentOf } from './cluster/parent.ts'
import { suitEngine } from './cli/engine.ts'
import { processShell } from './cli/process-shell.ts'
import { runCli } from './cli/program.ts'

suitEngine(availableParallelism())

/** Heavy rooms are loaded by the commands that need them, so that `--help` is quick. */
const shell = processShell({
  compose: async (options) => (await import('./compose/compose.ts')).compose(options),
  work: async (options) => (await import('./compose/worker.ts')).work(options),
  processes: async (wanted) =>
    (await import('./cluster/processes.ts')).processes({
      ...wanted,
      entry: process.argv[1] ?? '',
      argv: process.argv.slice(2),
      env: process.env,
    }),
  parent: parentOf(process.env),
  readHolder: async (directory) => (await import('./store/lowdb-driver.ts')).readLock(directory),
  declaredWorld: async (config) => (await import('./compose/compose.ts')).declaredWorld(config),
})

const code = await runCli(process.argv.slice(2), shell)
// An open stdin would keep the process: it ends when the last word is written.
process.stdout.write('', () => process.exit(code))
