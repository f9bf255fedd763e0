import { type Command, Option } from 'commander'
import { GatewayError } from '../../kernel/errors.ts'
import type { Freeze } from '../../kernel/freeze.ts'
import type { JsonObject } from '../../kernel/json.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable, toTime } from '../print.ts'

interface WhatOptions extends CommonOptions {
  readonly agent?: string
  readonly connection?: string
  readonly all?: boolean
  readonly reason?: string
  readonly list?: boolean
}

const withWhat = (made: Command): Command =>
  made
    .addOption(new Option('--agent <id>', 'one agent').conflicts(['connection', 'all']))
    .addOption(new Option('--connection <name>', 'one connection').conflicts(['agent', 'all']))
    .addOption(new Option('--all', 'every call of every agent').conflicts(['agent', 'connection']))

/** `freeze`. */
export const freezeCommand = (cli: Cli): Command =>
  withWhat(
    answeringCommand(cli, 'freeze', 'emergency stop: refuse new calls and abort running ones, until `unfreeze`', [
      'freeze --all --reason "key leaked"',
      'freeze --agent sidekick',
      'freeze --list',
    ]),
  )
    .option('--reason <text>', 'told to whoever is stopped')
    .option('--list', 'show what is stopped')
    .action(async ({ config, json, list, reason, ...what }: WhatOptions) => {
      const { shell } = cli
      if (list === true)
        return showList(cli, { ...(config !== undefined && { config }), ...(json === true && { json }) })
      const body = { ...toWhat(what, 'freeze'), ...(reason !== undefined && { reason }) }
      const made = await withGateway(shell, { config, settle: what.connection !== undefined }, (gateway) =>
        gateway.ask<Freeze>('POST', '/freezes', { body }),
      )
      if (json === true) sayJson(shell, { ...made })
      else say(shell, `Stopped: ${nameOf(made)}. \`gatehouse unfreeze\` lifts it.`)
    })

/** `unfreeze`. */
export const unfreezeCommand = (cli: Cli): Command =>
  withWhat(
    answeringCommand(cli, 'unfreeze', 'lift an emergency stop', ['unfreeze --all', 'unfreeze --agent sidekick']),
  ).action(async ({ config, json, ...what }: WhatOptions) => {
    const { shell } = cli
    const body = toWhat(what, 'unfreeze')
    await withGateway(shell, { config }, (gateway) => gateway.ask<undefined>('POST', '/freezes/lift', { body }))
    if (json === true) sayJson(shell, body)
    else say(shell, `Lifted: ${nameOf(body)}.`)
  })

async function showList({ shell }: Cli, { config, json }: Pick<WhatOptions, 'config' | 'json'>): Promise<void> {
  const { items } = await withGateway(shell, { config }, (gateway) =>
    gateway.ask<{ readonly items: readonly Freeze[] }>('GET', '/freezes'),
  )
  if (json === true) return sayJson(shell, { items: items.map((item) => ({ ...item })) })
  if (items.length === 0) return say(shell, 'Nothing is stopped.')
  sayTable(
    shell,
    ['STOPPED', 'SINCE', 'BY', 'REASON'],
    items.map((item) => [nameOf(item), toTime(item.at), item.by, item.reason ?? '']),
  )
}

function toWhat({ agent, connection, all }: WhatOptions, name: string): JsonObject & Pick<Freeze, 'scope' | 'id'> {
  if (agent !== undefined) return { scope: 'agent', id: agent }
  if (connection !== undefined) return { scope: 'connection', id: connection }
  if (all === true) return { scope: 'all' }
  throw new GatewayError('usage', `Say what to ${name}: --agent <id>, --connection <name> or --all.`)
}

const nameOf = ({ scope, id }: Pick<Freeze, 'scope' | 'id'>): string =>
  scope === 'all' ? 'everything' : `${scope} ${id}`
