import type { Command } from 'commander'
import { GatewayError } from '../../kernel/errors.ts'
import { Secret } from '../../kernel/secret.ts'
import { attach } from '../attach.ts'
import { type Cli, command, configOption } from '../command.ts'
import { configPathOf, storeDirectoryOf } from '../config-path.ts'
import { overHttp } from '../gateway-client.ts'
import type { House } from '../house.ts'
import { type Running, locate } from '../locate.ts'
import type { Shell } from '../shell.ts'
import { aborted, closeInTime, stopSignal } from '../signals.ts'

interface StdioOptions {
  readonly config?: string
  readonly agent?: string
  readonly toolset?: string
}

const ELSEWHERE =
  '\nWith GATEHOUSE_URL and GATEHOUSE_KEY it speaks to a gateway elsewhere, as the agent whose key that is.'

/** How long a holder that cannot be asked yet may take: it is starting, or a command that is done soon. */
const PATIENCE_MS = 15_000

/** `stdio`: MCP for one agent on stdin and stdout, by the gateway that runs on the store or by one of its own. */
export const stdioCommand = (cli: Cli): Command =>
  command(cli, 'stdio', 'speak MCP on stdin and stdout for one agent; attaches to the gateway that runs', [
    'stdio --agent sidekick',
    'stdio --agent sidekick --config /etc/gatehouse/gateway.config.json',
  ])
    .option('--agent <id>', 'the agent (GATEHOUSE_AGENT)')
    .option('--toolset <name>', 'only the tools of this toolset')
    .addOption(configOption())
    .addHelpText('after', ELSEWHERE)
    .action(async ({ config, toolset, agent = cli.shell.env['GATEHOUSE_AGENT'] }: StdioOptions, self: Command) => {
      const elsewhere = gatewayElsewhere(cli.shell)
      if (elsewhere) return bridge(cli.shell, elsewhere, toolset)
      if (agent === undefined || agent === '')
        self.error('error: which agent? Give --agent <id>, or set GATEHOUSE_AGENT')
      else await stdio(cli.shell, { configPath: configPathOf(cli.shell, config), agent, toolset })
    })

/** The gateway that the environment names, with an agent's key. */
function gatewayElsewhere({ env }: Shell): Running | undefined {
  const { GATEHOUSE_URL: url, GATEHOUSE_KEY: key } = env
  if (url === undefined || url === '') return undefined
  if (!URL.canParse(url))
    throw new GatewayError('usage', 'GATEHOUSE_URL is no URL. Write it as https://gw.example.com.')
  if (key === undefined || key === '') {
    throw new GatewayError('usage', 'GATEHOUSE_URL is set, so set GATEHOUSE_KEY too: the key of an agent there.')
  }
  return { url, token: new Secret(key) }
}

async function bridge(shell: Shell, elsewhere: Running, toolset: string | undefined): Promise<void> {
  const stop = stopSignal(shell)
  try {
    await attach({ shell, toolset, signal: stop.signal, locate: () => Promise.resolve(elsewhere) })
  } finally {
    stop.dispose()
  }
}

interface Serving {
  readonly configPath: string
  readonly agent: string
  readonly toolset: string | undefined
}

async function stdio(shell: Shell, serving: Serving): Promise<void> {
  const stop = stopSignal(shell)
  try {
    const house = await attachOrCompose(shell, serving, stop.signal)
    if (house) await host(shell, house, serving, stop.signal)
  } finally {
    stop.dispose()
  }
}

/**
 * Two processes may start together: who loses the race for the store attaches to the winner. An agent that is not
 * registered is refused at once (`not_found`), not with every message.
 */
async function attachOrCompose(
  shell: Shell,
  { configPath, agent, toolset }: Serving,
  signal: AbortSignal,
): Promise<House | undefined> {
  const directory = await storeDirectoryOf(shell, configPath)
  for (;;) {
    const running = await locate(shell, directory, PATIENCE_MS)
    if (running) {
      await overHttp(shell, running).ask('GET', `/agents/${encodeURIComponent(agent)}/keys`)
      await attach({ shell, agent, toolset, signal, locate: () => locate(shell, directory, PATIENCE_MS) })
      return undefined
    }
    try {
      return await shell.compose({ configPath, mode: 'stdio', log: await shell.log('warn') })
    } catch (error) {
      if (!(error instanceof GatewayError) || error.code !== 'store_locked') throw error
    }
  }
}

/** Opens a door on loopback too, so that the next agent on this store can attach. */
async function host(shell: Shell, house: House, { agent, toolset }: Serving, signal: AbortSignal): Promise<void> {
  try {
    await house.listen()
    await Promise.race([house.serveStdio(agent, toolset), aborted(signal)])
  } finally {
    await closeInTime(shell, () => house.close())
  }
}
