import { type Command, Option } from 'commander'
import type { ConnectionFacts } from '../../admin/connection-facts.ts'
import type { Revoked } from '../../admin/connection-lifecycle.ts'
import type { MethodFacts, ProviderFacts, Trial } from '../../admin/connections-port.ts'
import type { Page } from '../../admin/page.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { type Cli, type CommonOptions, answeringCommand, command, wholeNumber } from '../command.ts'
import { pairs, readFields } from '../connect-fields.ts'
import { everyPage } from '../every-page.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { type Cell, plain, say, sayJson, sayTable, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'

type Credential = ConnectionFacts['credentials'][number]

/** `connections list|show|test|rotate|enable|disable|refresh|revoke|delete|restore|expiring`. */
export const connectionsCommand = (cli: Cli): Command =>
  command(cli, 'connections', 'look at connections, test them, change their credentials, switch and end them')
    .addCommand(listCommand(cli))
    .addCommand(showCommand(cli))
    .addCommand(testCommand(cli))
    .addCommand(rotateCommand(cli))
    .addCommand(deed(cli, 'enable', 'switch a connection on'))
    .addCommand(deed(cli, 'disable', 'switch a connection off: running calls end, its tools go'))
    .addCommand(deed(cli, 'restore', 'bring back a deleted connection, without its credential'))
    .addCommand(revokeCommand(cli))
    .addCommand(deleteCommand(cli))
    .addCommand(expiringCommand(cli))

const pathOf = (id: string): string => `/connections/${encodeURIComponent(id)}`

interface ListOptions extends CommonOptions {
  readonly provider?: string
  readonly method?: string
  readonly status?: string
  readonly owner?: string
}

const STATES = ['disconnected', 'connected', 'action_required', 'inbound_ready', 'active', 'degraded']

const listCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'list', 'list connections, declared and managed', [
    'connections list',
    'connections list --status action_required --json',
  ])
    .option('--provider <id>', 'only of this service')
    .option('--method <id>', 'only those that are signed in to in this way')
    .addOption(new Option('--status <state>', 'only in this state').choices(STATES))
    .option('--owner <owner>', 'only of organisation, or of user:<id>')
    .action(async ({ config, json, ...filter }: ListOptions) => {
      const { shell } = cli
      const items = await withGateway(shell, { config }, (gateway) =>
        everyPage((cursor) =>
          gateway.ask<Page<ConnectionFacts>>('GET', '/connections', { query: { limit: 1000, cursor, ...filter } }),
        ),
      )
      if (json === true) return sayJson(shell, { items })
      if (items.length === 0) return say(shell, 'No connections. Make one with `gatehouse connect <provider>`.')
      sayTable(shell, ['CONNECTION', 'PROVIDER', 'METHOD', 'OWNER', 'STATE', 'TOOLS', 'WHY'], items.map(toRow))
    })

const toRow = ({ id, provider, method, owner, enabled, status, tools, reason }: ConnectionFacts): readonly Cell[] => [
  id,
  provider,
  method,
  owner,
  enabled ? { text: status, tone: status === 'active' ? 'good' : 'warn' } : { text: 'off', tone: 'dim' },
  String(tools),
  reason ?? '',
]

const showCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'show', 'show a connection, and that values of its credential are set', [
    'connections show github',
  ])
    .argument('<id>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      const facts = await withGateway(shell, { config }, (gateway) => gateway.ask<ConnectionFacts>('GET', pathOf(id)))
      if (json === true) sayJson(shell, facts)
      else sayFacts(shell, facts)
    })

function sayFacts(shell: Shell, facts: ConnectionFacts): void {
  const { id, provider, method, owner, origin, status, reason, account, tools, credentials } = facts
  const rows = [
    ['id', id],
    ['provider', `${provider}, ${method}`],
    ['owner', owner],
    ['origin', origin],
    ['state', facts.enabled ? status : `off (${status})`],
    ['why', reason ?? ''],
    ['account', account ?? ''],
    ['tools', String(tools)],
    ...credentials.flatMap((one) => [[one.user === undefined ? 'credential' : `of ${one.user}`, toWords(one)]]),
  ]
  for (const [label = '', text = ''] of rows) if (text !== '') say(shell, `${label.padEnd(10)}  ${plain(text)}`)
}

function toWords({ account, fields, expiresAt, refreshes, dead }: Credential): string {
  const shown = Object.entries(fields).map(([key, { last4 }]) => (last4 === undefined ? key : `${key} …${last4}`))
  const ends = refreshes ? 'comes anew by itself' : expiresAt === undefined ? '' : `ends ${toTime(expiresAt)}`
  return [dead ? `refused: ${dead.reason}` : '', account ?? '', ...shown, ends].filter((part) => part !== '').join(', ')
}

const testCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'test', 'connect once with what is stored', ['connections test github'])
    .argument('<id>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const trial = await withGateway(cli.shell, { config }, (gateway) =>
        gateway.ask<Trial>('POST', `${pathOf(id)}/test`),
      )
      sayTrial(cli, trial, json)
    })

function sayTrial({ shell, finish }: Cli, trial: Trial, json: boolean | undefined): void {
  if (trial.status !== 'ok') finish(1)
  if (json === true) return sayJson(shell, trial)
  const { status, latencyMs, account, tools, problem } = trial
  const who = account === undefined ? '' : ` as ${account}`
  say(
    shell,
    status === 'ok' ? `It works${plain(who)}: ${tools} tools, ${latencyMs} ms.` : plain(problem?.message ?? status),
  )
}

const rotateCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'rotate', 'put another credential in the place of the one before, once it works', [
    'connections rotate github --field token=env:NEW_TOKEN',
  ])
    .argument('<id>')
    .option('--field <key=value...>', 'the credential: key=env:NAME or key=@file; asked for at a terminal')
    .action(async (id: string, { config, json, field }: CommonOptions & { readonly field?: readonly string[] }) => {
      const trial = await withGateway(cli.shell, { config }, async (gateway) => {
        const fields = await readFields(cli.shell, (await methodOf(gateway, id)).fields, pairs(field))
        return gateway.ask<Trial>('POST', `${pathOf(id)}/rotate`, { body: { fields } })
      })
      sayTrial(cli, trial, json)
    })

async function methodOf(gateway: GatewayClient, id: string): Promise<Pick<MethodFacts, 'fields'>> {
  const { provider, method } = await gateway.ask<ConnectionFacts>('GET', pathOf(id))
  if (provider === 'mcp') return { fields: [] }
  const { methods } = await gateway.ask<ProviderFacts>('GET', `/providers/${encodeURIComponent(provider)}`)
  const found = methods.find((one) => one.id === method)
  if (found && !found.signIn) return found
  throw new GatewayError('usage', `"${id}" is signed in to: run gatehouse connect ${provider} --name ${id}.`)
}

const deed = (cli: Cli, name: 'enable' | 'disable' | 'restore', what: string): Command =>
  answeringCommand(cli, name, what, [`connections ${name} github`])
    .argument('<id>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      const facts = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<ConnectionFacts>('POST', `${pathOf(id)}/${name}`),
      )
      if (json === true) sayJson(shell, facts)
      else say(shell, `${id} is ${facts.enabled ? facts.status : 'off'}.`)
    })

const revokeCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'revoke', 'end the credentials of a connection, here and at the service', [
    'connections revoke github',
    'connections revoke mail --user ann',
  ])
    .argument('<id>')
    .option('--user <person>', "only this person's own")
    .action(async (id: string, { config, json, user }: CommonOptions & { readonly user?: string }) => {
      const revoked = await withGateway(cli.shell, { config }, (gateway) =>
        gateway.ask<Revoked>('POST', `${pathOf(id)}/revoke`, { body: { ...(user !== undefined && { user }) } }),
      )
      sayRevoked(cli.shell, revoked, json)
    })

const deleteCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'delete', 'delete a managed connection; it can be restored for 30 days', [
    'connections delete github',
  ])
    .argument('<id>')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const revoked = await withGateway(cli.shell, { config }, (gateway) => gateway.ask<Revoked>('DELETE', pathOf(id)))
      sayRevoked(cli.shell, revoked, json)
    })

function sayRevoked(shell: Shell, revoked: Revoked, json: boolean | undefined): void {
  if (json === true) return sayJson(shell, revoked)
  const { id, removed, endedAtVendor } = revoked
  say(shell, `${id}: ${removed} credentials are gone, ${endedAtVendor} of them ended at the service.`)
}

const expiringCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'expiring', 'list credentials with which a person has to do something soon', [
    'connections expiring --days 14',
  ])
    .option('--days <number>', 'within so many days', wholeNumber(0, 365), 7)
    .action(async ({ config, json, days }: CommonOptions & { readonly days: number }) => {
      const { shell } = cli
      const { items } = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<{ readonly items: readonly Credential[] }>('GET', '/connections/expiring', {
          query: { days },
        }),
      )
      if (json === true) return sayJson(shell, { items })
      if (items.length === 0) return say(shell, `Nothing ends within ${days} days.`)
      const rows = items.map(({ connection, user, account, expiresAt, refreshExpiresAt }) => [
        connection,
        user ?? 'everybody',
        account ?? '',
        toTime(refreshExpiresAt ?? expiresAt ?? 0),
      ])
      sayTable(shell, ['CONNECTION', 'OF', 'ACCOUNT', 'ENDS'], rows)
    })
