import type { Command } from 'commander'
import type { GatewayStatus } from '../../admin/status.ts'
import type { ConnectionStatus } from '../../kernel/connection.ts'
import { type Cli, type CommonOptions, answeringCommand, wholeNumber } from '../command.ts'
import { configPathOf } from '../config-path.ts'
import { report } from '../failure.ts'
import { inProcess } from '../gateway-client.ts'
import type { House } from '../house.ts'
import { paint, plain, sayJson } from '../print.ts'
import { aborted, closeInTime, stopSignal } from '../signals.ts'
import type { Shell } from '../shell.ts'

interface ServeOptions extends CommonOptions {
  readonly host?: string
  readonly port?: number
}

/** `serve`: runs the gateway until it is told to stop. SIGHUP reads the configuration again. */
export const serveCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'serve', 'run the gateway', [
    'serve',
    'serve --port 9000',
    'serve --config /etc/gatehouse/gateway.config.json',
  ])
    .option('--host <address>', 'listen here instead of what the configuration says')
    .option('--port <number>', 'listen on this port; 0 takes any free one', wholeNumber(0, 65_535))
    .action((options: ServeOptions) => serve(cli.shell, options))

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
  const tell = async (): Promise<void> => {
    const { connections } = await inProcess(house).ask<GatewayStatus>('GET', '/status')
    for (const connection of connections) {
      const line = toLine(shell, connection)
      if (told.get(connection.connection) !== line) shell.stderr(line)
      told.set(connection.connection, line)
    }
  }
  const onChange = (): void => void tell().catch(() => undefined)
  onChange()
  return house.onChange(onChange)
}

function toLine(shell: Shell, { connection, enabled, state, tools, reason }: ConnectionStatus): string {
  const shown = enabled ? state : 'disabled'
  const told = paint(shell, shown === 'active' ? 'good' : 'warn', shown)
  const rest = shown === 'active' ? `${tools} tools` : plain(reason ?? '')
  return `  ${connection}  ${told}  ${rest}`.trimEnd() + '\n'
}
