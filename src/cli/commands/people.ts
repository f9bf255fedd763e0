import { type Command, Option } from 'commander'
import type { Page } from '../../admin/page.ts'
import type { PersonFacts, RevokedPerson } from '../../admin/people.ts'
import type { PersonKeyFacts } from '../../admin/people-books.ts'
import type { Person } from '../../kernel/principal.ts'
import { type Cli, type CommonOptions, answeringCommand, command } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'
import { peopleRolesCommand, ROLES } from './people-roles.ts'

interface AddOptions extends CommonOptions {
  readonly title?: string
  readonly roles?: readonly string[]
  readonly groups?: readonly string[]
  readonly email?: string
  readonly expires?: string
}

interface Shown {
  readonly person: Person
  readonly keyId: string
  readonly key: string
}

/** `people add|list|roles|keys|revoke`. */
export const peopleCommand = (cli: Cli): Command =>
  command(cli, 'people', 'register people who use the API and the pages, and give them keys')
    .addCommand(addCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(peopleRolesCommand(cli))
    .addCommand(keysCommand(cli))
    .addCommand(revokeCommand(cli))

const addCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'add', 'register a person; their key is shown once', [
    'people add ann@acme.example --roles approver',
    'people add max --roles admin --groups platform --expires 90d',
  ])
    .argument('<id>', 'a name or an e-mail address, lower case')
    .option('--title <text>', 'what people call them')
    .addOption(
      new Option(
        '--roles <roles...>',
        'admin does everything, approver decides approvals, auditor reads arguments and results, viewer looks (the default)',
      ).choices(ROLES),
    )
    .option('--groups <names...>', 'groups that approvals are asked of')
    .option('--email <address>', 'where to reach them')
    .option('--expires <duration>', 'when the key ends, such as 90d; never when left out')
    .action(async (id: string, { config, json, expires, ...settings }: AddOptions) => {
      const { shell } = cli
      const body = { id, ...settings, expiresIn: expires }
      const shown = await withGateway(shell, { config }, (gateway) => gateway.ask<Shown>('POST', '/people', { body }))
      if (json === true) sayJson(shell, shown)
      else sayKey(shell, shown, `Added "${id}" (${shown.person.roles.join(', ') || 'no role'})`)
    })

const listCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'list', 'list people, their roles and keys', ['people list', 'people list --json']).action(
    async ({ config, json }: CommonOptions) => {
      const { shell } = cli
      const people = await withGateway(shell, { config }, (gateway) =>
        everyPage((cursor) => gateway.ask<Page<PersonFacts>>('GET', '/people', { query: { limit: 1000, cursor } })),
      )
      if (json === true) return sayJson(shell, { items: people })
      if (people.length === 0) return say(shell, 'No people. Add one with `gatehouse people add <id> --roles admin`.')
      sayTable(shell, ['PERSON', 'ORIGIN', 'ROLES', 'GROUPS', 'KEYS'], people.map(toRow))
    },
  )

const toRow = ({ id, origin, enabled, roles, groups, keys }: PersonFacts): readonly string[] => [
  id,
  enabled ? origin : `${origin}, disabled`,
  roles.join(', '),
  groups.join(', '),
  keys.map((key) => (key.expiresAt === undefined ? key.id : `${key.id} until ${toTime(key.expiresAt)}`)).join(', '),
]

interface KeysOptions extends CommonOptions {
  readonly add?: boolean
  readonly rotate?: string
  readonly overlap?: string
  readonly expires?: string
}

const keysCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'keys', 'list the keys of a person, or give them another one', [
    'people keys ann',
    'people keys ann --add --expires 90d',
    'people keys ann --rotate 4fXb0aQmZ1cD --overlap 1d',
  ])
    .argument('<id>', 'the person')
    .option('--add', 'another key, shown once')
    .addOption(new Option('--rotate <key>', 'another key in place of this one, shown once').conflicts('add'))
    .option('--overlap <duration>', 'how long the rotated key keeps working, or none; 1h when left out')
    .option('--expires <duration>', 'when the new key ends, such as 90d; never when left out')
    .action(async (id: string, options: KeysOptions) => {
      const { shell } = cli
      await withGateway(shell, { config: options.config }, async (gateway) => {
        const isNew = options.add === true || options.rotate !== undefined
        if (!isNew) return sayKeys(shell, await keysOf(gateway, id), options.json)
        const shown = await newKey(gateway, id, options)
        if (options.json === true) sayJson(shell, shown)
        else sayKey(shell, shown, `Another key for "${id}"`)
      })
    })

const pathOf = (id: string): string => `/people/${encodeURIComponent(id)}`

const keysOf = async (gateway: GatewayClient, id: string): Promise<readonly PersonKeyFacts[]> =>
  (await gateway.ask<Page<PersonKeyFacts>>('GET', `${pathOf(id)}/keys`)).items

function newKey(gateway: GatewayClient, id: string, { rotate, overlap, expires }: KeysOptions): Promise<Shown> {
  const body = { ...(expires !== undefined && { expiresIn: expires }) }
  if (rotate === undefined) return gateway.ask<Shown>('POST', `${pathOf(id)}/keys`, { body })
  return gateway.ask<Shown>('POST', `${pathOf(id)}/keys/${encodeURIComponent(rotate)}/rotate`, {
    body: { ...body, ...(overlap !== undefined && { overlap }) },
  })
}

function sayKeys(shell: Shell, keys: readonly PersonKeyFacts[], json: boolean | undefined): void {
  if (json === true) return sayJson(shell, { items: keys })
  if (keys.length === 0) return say(shell, 'No keys. Give one with `gatehouse people keys <id> --add`.')
  const time = (at: number | undefined, none: string): string => (at === undefined ? none : toTime(at))
  const rows = keys.map((key) => [
    key.id,
    toTime(key.createdAt),
    time(key.expiresAt, 'never'),
    time(key.lastUsedAt, 'not yet'),
  ])
  sayTable(shell, ['KEY', 'MADE', 'ENDS', 'LAST USED'], rows)
}

function sayKey(shell: Shell, { keyId, key }: Shown, what: string): void {
  shell.stderr(`${what}. This is the key (${keyId}); it is not shown again:\n`)
  say(shell, key)
}

const revokeCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'revoke', 'end the keys and sessions of a person and their registration, or one key', [
    'people revoke ann',
    'people revoke ann --key 4fXb0aQmZ1cD',
  ])
    .argument('<id>', 'the person')
    .option('--key <id>', 'only this key, as `people keys` names it')
    .action(async (id: string, { config, json, key }: CommonOptions & { readonly key?: string }) => {
      const { shell } = cli
      await withGateway(shell, { config }, async (gateway) => {
        if (key !== undefined) {
          await gateway.ask('DELETE', `${pathOf(id)}/keys/${encodeURIComponent(key)}`)
          return json === true ? sayJson(shell, { person: id, key }) : say(shell, `Revoked the key ${key} of "${id}".`)
        }
        const revoked = await gateway.ask<RevokedPerson>('DELETE', pathOf(id))
        if (json === true) sayJson(shell, revoked)
        else say(shell, toSentence(revoked))
      })
    })

const toSentence = ({ person, revokedKeys, removed }: RevokedPerson): string =>
  removed
    ? `Removed "${person}" and revoked their keys (${revokedKeys}).`
    : `Revoked the keys of "${person}" (${revokedKeys}). They are declared in the configuration: remove them there.`
