import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { processTerminal } from './process-terminal.ts'
import type { LogLevel, Shell } from './shell.ts'

const LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']

/** The shell of this process. The house and the lock come from above: the commands know neither by name. */
export function processShell(
  ports: Pick<Shell, 'compose' | 'readHolder' | 'declaredWorld' | 'work' | 'processes' | 'parent'>,
): Shell {
  const { env, stdin, stdout, stderr } = process
  const write = (text: string): void => void stderr.write(text)
  stdout.on('error', endQuietly)
  return {
    ...ports,
    version: readVersion(),
    env,
    stdin,
    stdout: (text) => void stdout.write(text),
    drained: async () => void (stdout.writableNeedDrain && (await once(stdout, 'drain'))),
    stderr: write,
    color: stdout.isTTY && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb',
    columns: stdout.isTTY ? stdout.columns : undefined,
    terminal: stdin.isTTY && stderr.isTTY ? processTerminal() : undefined,
    clock: Date.now,
    cores: availableParallelism(),
    fetch: globalThis.fetch,
    async log(level, { fixed } = { fixed: false }) {
      const { pinoLog } = await import('./log.ts')
      const wanted = env['LOG_LEVEL']?.toLowerCase()
      if (isLevel(wanted)) return pinoLog({ level: wanted, fixed: true, write })
      return pinoLog({ level, fixed, write })
    },
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => process.off(signal, listener)
    },
    exit: (code) => process.exit(code),
  }
}

const isLevel = (text: string | undefined): text is LogLevel => LEVELS.some((level) => level === text)

/** Whoever read our output has gone: nothing more can be said, but what was opened must be closed. */
function endQuietly(): void {
  process.kill(process.pid, 'SIGTERM')
}

/** The package's own file stands two levels above in the source and three above in what is built. */
function readVersion(): string {
  for (const path of ['../../package.json', '../../../package.json']) {
    const text = readIfThere(new URL(path, import.meta.url))
    if (text !== undefined) return (JSON.parse(text) as { readonly version: string }).version
  }
  return '0.0.0'
}

function readIfThere(url: URL): string | undefined {
  try {
    return readFileSync(url, 'utf8')
  } catch {
    return undefined
  }
}
