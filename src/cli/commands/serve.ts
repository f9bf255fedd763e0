import type { Command } from 'commander'
import type { ConnectionStatus } from '../../kernel/connection.ts'
import { type Cli, type CommonOptions, answeringCommand, wholeNumber } from '../command.ts'
import { configPathOf } from '../config-path.ts'
import { type ExitCode, report } from '../failure.ts'
import type { House } from '../house.ts'
import { paint, plain, sayJson } from '../print.ts'
import { aborted, closeInTime, stopSignal } from '../signals.ts'
import type { ParentProcess, Shell } from '../shell.ts'

/** More processes than this are more trouble than help on any machine. */
const MOST_WORKERS = 64

interface ServeOptions extends CommonOptions {
  readonly workers: number
  readonly host?: string
  readonly port?: number
}

/** `serve`: runs the gateway until it is told to stop. SIGHUP reads the configuration again. */
export const serveCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'serve', 'run the gateway', [
    'serve',
    'serve --port 9000',
    'serve --workers 2',
    'serve --config /etc/gatehouse/gateway.config.json',
  ])
    .option('--host <address>', 'listen here instead of what the configuration says')
    .option('--port <number>', 'listen on this port; 0 takes any free one', wholeNumber(0, 65_535))
    .option(
      '--workers <number>',
      'processes that serve HTTP, besides the one that owns the state; 1 is one process for everything',
      wholeNumber(1, MOST_WORKERS),
      1,
    )
    .action((options: ServeOptions) => {
      const { parent } = cli.shell
      if (parent) return serveAs(cli.shell, parent, options)
      return options.workers > 1 ? serveWithWorkers(cli, options) : serve(cli.shell, options)
    })

/** Starts the processes and waits for their end. */
async function serveWithWorkers({ shell, finish }: Cli, { workers }: ServeOptions): Promise<void> {
  if (workers > shell.cores) {
    shell.stderr(
      `warning: ${workers} workers on ${shell.cores} processors share them: more than that many help nobody\n`,
    )
  }
  const stop = stopSignal(shell)
  const running = await shell.processes({ workers, tell: (text) => shell.stderr(text) })
  const ends = [shell.onSignal('SIGHUP', running.reload), stop.dispose]
  try {
    void aborted(stop.signal).then(() => {
      shell.stderr('Closing. Another signal ends it at once.\n')
      running.stop()
    })
    finish(exitCodeOf(await running.ended))
  } finally {
    for (const end of ends) end()
  }
}

const exitCodeOf = (code: number): ExitCode => (code === 0 || code === 2 || code === 4 ? code : 1)

/** One of the processes. Signals go to the one that started it, which says when to stop. */
async function serveAs(shell: Shell, parent: ParentProcess, { config, json, host, port }: ServeOptions): Promise<void> {
  const { role, ...owner } = parent.role
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) shell.onSignal(signal, () => undefined)
  const log = await shell.log('info')
  if (role === 'worker') {
    const work = await shell.work({ ...owner, log, onReady: parent.ready })
    parent.onConnection(work.take)
    await Promise.race([work.ended, aborted(parent.stop)])
    return work.close()
  }
  const house = await shell.compose({
    configPath: configPathOf(shell, config),
    mode: 'serve',
    log,
    listen: { ...(host !== undefined && { host }), ...(port !== undefined && { port }) },
    owner: { ...owner, listen: parent.listen },
  })
  parent.onReload(() => void house.reload().catch((error: unknown) => report(shell, error, false)))
  const listening = {
    ...house,
    listen: () =>
      house.listen().then((place) => {
        parent.ready()
        return place
      }),
  }
  await untilStopped(shell, listening, { stop: parent.stop, json: json === true && !owner.again })
}

async function serve(shell: Shell, { config, json, host, port }: ServeOptions): Promise<void> {
  const stop = stopSignal(shell)
  try {
    const house = await shell.compose({
      configPath: configPathOf(shell, config),
      mode: 'serve',
      log: await shell.log('info'),
      listen: { ...(host !== undefined && { host }), ...(port !== undefined && { port }) },
    })
    await untilStopped(shell, house, { stop: stop.signal, json: json === true })
  } finally {
    stop.dispose()
  }
}

async function untilStopped(
  shell: Shell,
  house: House,
  { stop, json }: { readonly stop: AbortSignal; readonly json: boolean },
): Promise<void> {
  const watches: (() => void)[] = []
  try {
    const { url } = await house.listen()
    tellUrl(shell, url, json)
    watches.push(
      shell.onSignal('SIGHUP', () => void house.reload().catch((error: unknown) => report(shell, error, false))),
      tellStates(shell, house),
    )
    await aborted(stop)
    shell.stderr('Closing. Another signal ends it at once.\n')
  } finally {
    for (const end of watches) end()
    await closeInTime(shell, () => house.close())
  }
}

function tellUrl(shell: Shell, url: string, json: boolean): void {
  const endpoint = new URL('/mcp', url).href
  shell.stderr(
    `Gatehouse is at ${paint(shell, 'bold', endpoint)}. To connect: \`gatehouse agent add <id>\` gives a key, then \`claude mcp add --transport http gatehouse ${endpoint} --header "Authorization: Bearer <key>"\`.\n`,
  )
  if (json) sayJson(shell, { url, mcp: endpoint })
}

/** A line for each connection whose state has changed. */
function tellStates(shell: Shell, house: House): () => void {
  const told = new Map<string, string>()
  const tell = (): void => {
    for (const connection of house.statuses()) {
      const line = toLine(shell, connection)
      if (told.get(connection.connection) !== line) shell.stderr(line)
      told.set(connection.connection, line)
    }
  }
  tell()
  return house.onChange(tell)
}

function toLine(shell: Shell, { connection, enabled, state, tools, reason }: ConnectionStatus): string {
  const shown = enabled ? state : 'disabled'
  const told = paint(shell, shown === 'active' ? 'good' : 'warn', shown)
  const rest = shown === 'active' ? `${tools} tools` : plain(reason ?? '')
  return `  ${connection}  ${told}  ${rest}`.trimEnd() + '\n'
}
