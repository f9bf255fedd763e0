import type { Command } from 'commander'
import type { GatewayStatus } from '../../admin/status.ts'
import type { ConnectionStatus } from '../../kernel/connection.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { type Cell, paint, plain, say, sayJson, sayTable, toSpan, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'

/** `status`: how the running gateway is; fails when none runs, which makes it the health check of a container. */
export const statusCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'status', 'show how the running gateway is; exit code 1 when none runs', [
    'status',
    'status --json',
  ]).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    await withGateway(shell, { config, onlyRunning: true }, async (gateway) => {
      const status = await gateway.ask<GatewayStatus>('GET', '/status')
      if (json === true) sayJson(shell, status)
      else sayStatus(shell, status)
    })
  })

function sayStatus(shell: Shell, status: GatewayStatus): void {
  const { config } = status
  say(shell, `Gatehouse ${status.version}, up ${toSpan(status.uptimeMs)}`)
  say(shell, `  config  ${plain(config.path)}, read ${toTime(config.loadedAt)}`)
  if (config.lastError) {
    say(
      shell,
      paint(
        shell,
        'bad',
        `          the edit of ${toTime(config.lastError.at)} was not taken: ${plain(config.lastError.detail)}`,
      ),
    )
  }
  say(shell, `  store   ${plain(status.store)}`)
  say(shell, `  ${counts(status)}`)
  for (const { id, pid, since, calls, running } of status.workers ?? []) {
    const up = toSpan(Math.max(0, shell.clock() - since))
    say(shell, `  worker ${id} (process ${pid}), up ${up}, ${calls} calls, ${running} running`)
  }
  say(shell, '')
  if (status.connections.length === 0) {
    say(shell, 'No connections. Add one under "connections" in the configuration.')
    return
  }
  sayTable(
    shell,
    ['CONNECTION', 'STATE', 'TOOLS', 'FOR', 'REASON'],
    status.connections.map((connection) => toRow(shell, connection)),
  )
}

function counts({ agents, tools, quarantined, load }: GatewayStatus): string {
  const held = quarantined === 0 ? '' : ` (${quarantined} quarantined: see \`gatehouse tools list --quarantined\`)`
  return `${agents} agents, ${tools} tools${held}${load ? `, ${loadOf(load)}` : ''}`
}

function toRow(shell: Shell, { connection, enabled, state, tools, since, reason }: ConnectionStatus): readonly Cell[] {
  const shown = enabled ? state : 'disabled'
  return [
    connection,
    { text: shown, tone: toneOf(shown) },
    String(tools),
    toSpan(Math.max(0, shell.clock() - since)),
    reason ?? '',
  ]
}

const toneOf = (state: string): 'good' | 'warn' | 'dim' =>
  state === 'active' ? 'good' : state === 'disabled' ? 'dim' : 'warn'

/** Sessions always, the rest where there is any. */
const loadOf = ({ sessions, ...rest }: NonNullable<GatewayStatus['load']>): string =>
  [
    `${sessions} sessions`,
    ...Object.entries(rest).flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : [])),
  ].join(', ')
