import { type Command, Option } from 'commander'
import type { PersonFacts } from '../../admin/people.ts'
import { GatewayError } from '../../kernel/errors.ts'
import type { Role } from '../../kernel/principal.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { say, sayJson } from '../print.ts'

export const ROLES: readonly Role[] = ['admin', 'approver', 'auditor', 'viewer']

interface RoleOptions extends CommonOptions {
  readonly add?: readonly Role[]
  readonly remove?: readonly Role[]
  readonly set?: readonly (Role | 'none')[]
}

/** `people roles`: what a managed person may do, changed against the version that was read. */
export const peopleRolesCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'roles', 'change what a person may do, in force with their next request', [
    'people roles ann --add approver --remove viewer',
    'people roles ann --set auditor viewer',
    'people roles ann --set none',
  ])
    .argument('<id>', 'the person')
    .addOption(new Option('--add <roles...>', 'roles that they get besides those they have').choices(ROLES))
    .addOption(new Option('--remove <roles...>', 'roles that they lose').choices(ROLES))
    .addOption(
      new Option('--set <roles...>', 'these and no others, or none: they may do nothing then')
        .choices([...ROLES, 'none'])
        .conflicts(['add', 'remove']),
    )
    .action(async (id: string, options: RoleOptions) => {
      const { shell } = cli
      const change = toChange(options)
      const { before, person } = await withGateway(shell, { config: options.config }, (gateway) =>
        changed(gateway, id, change),
      )
      if (options.json === true) sayJson(shell, person)
      else say(shell, `"${id}" has ${named(person.roles)} now, and had ${named(before)}.`)
    })

type Change = (roles: readonly Role[]) => readonly Role[]

/** Throws `usage` for options that say nothing, or two things at once. */
function toChange({ add = [], remove = [], set }: RoleOptions): Change {
  const wanted = set?.filter((role) => role !== 'none')
  if (set && wanted && wanted.length !== set.length && set.length > 1)
    throw new GatewayError('usage', '--set none takes all roles away: name no other role with it.')
  if (wanted) return () => ROLES.filter((role) => wanted.includes(role))
  const both = add.find((role) => remove.includes(role))
  if (both !== undefined) throw new GatewayError('usage', `--add and --remove both name ${both}. Say one of them.`)
  if (add.length + remove.length === 0)
    throw new GatewayError('usage', 'Say what to change: --add, --remove or --set, each with roles.')
  return (roles) => ROLES.filter((role) => add.includes(role) || (roles.includes(role) && !remove.includes(role)))
}

async function changed(gateway: GatewayClient, id: string, change: Change) {
  const path = `/people/${encodeURIComponent(id)}`
  const { body, tag } = await gateway.read<PersonFacts>(path)
  if (tag === undefined)
    throw new GatewayError('conflict', `"${id}" is declared in the configuration. Change their roles there.`)
  const { title, groups, email, enabled } = body
  const settings = { groups, enabled, ...(title !== undefined && { title }), ...(email !== undefined && { email }) }
  const roles = change(body.roles)
  const person = await gateway.ask<PersonFacts>('PUT', path, { body: { ...settings, roles }, ifMatch: tag })
  return { before: body.roles, person }
}

const named = (roles: readonly Role[]): string =>
  roles.length === 0 ? 'no role' : `the ${roles.length === 1 ? 'role' : 'roles'} ${roles.join(', ')}`
