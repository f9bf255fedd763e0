import type { Command } from 'commander'
import type { ManagedPolicy } from '../../admin/policy.ts'
import type { SavedPolicy } from '../../admin/policy-save.ts'
import { GatewayError } from '../../kernel/errors.ts'
import { isJsonObject } from '../../kernel/json.ts'
import { type Cli, type CommonOptions, answeringCommand, command, wholeNumber } from '../command.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { paint, plain, say, sayJson } from '../print.ts'
import type { Shell } from '../shell.ts'
import { jsonOrFile, readPolicyFile } from './policy-file.ts'
import { amount, sayFindings, sayTests, sayWarnings } from './policy-print.ts'

interface SaveOptions extends CommonOptions {
  readonly message?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly base?: number
}

/** A command that makes another version of the managed policy. */
const savingCommand = (cli: Cli, name: string, description: string, examples: readonly string[]): Command =>
  answeringCommand(cli, name, description, examples)
    .option('-m, --message <text>', 'why, for the history')
    .option('--force', 'puts it into force although tests fail; that is recorded')
    .option('--dry-run', 'does everything but putting it into force')

const bodyOf = ({ message, force, dryRun }: SaveOptions) => ({
  ...(message !== undefined && { message }),
  ...(force !== undefined && { force }),
  ...(dryRun !== undefined && { dryRun }),
})

/** `policy apply`. */
export const applyCommand = (cli: Cli): Command =>
  savingCommand(cli, 'apply', 'save a policy document as the managed policy and put it into force', [
    'policy apply policy.json --message "Contractors work from nine to five"',
    'policy apply policy.json --dry-run',
  ])
    .argument('<file>', 'a policy document')
    .option('--base <version>', 'refuses when another version is in force', wholeNumber(0, 999_999_999))
    .action(async (file: string, options: SaveOptions) => {
      const { layer, body } = await readPolicyFile(cli.shell, file)
      if (layer === 'declared') {
        throw new GatewayError(
          'usage',
          `${file} is a configuration: its policy is declared there, and in force once the gateway reads the file. Apply a policy document.`,
        )
      }
      await save(cli, options, (gateway, etag) =>
        gateway.ask<SavedPolicy>('PUT', '/policy', { body: { ...body, ...bodyOf(options) }, ifMatch: etag }),
      )
    })

/** `policy rollback`. */
export const rollbackCommand = (cli: Cli): Command =>
  savingCommand(cli, 'rollback', 'put the text of an earlier version into force again, as a new version', [
    'policy rollback 6 --message "The new rules denied too much"',
    'policy rollback 0                       no managed rules at all',
  ])
    .argument('<version>', 'see `policy versions`', wholeNumber(0, 999_999_999))
    .action(async (version: number, options: SaveOptions) => {
      await save(cli, options, (gateway) =>
        gateway.ask<SavedPolicy>('POST', `/policy/versions/${version}/activate`, { body: bodyOf(options) }),
      )
    })

/** `policy rules|groups|tests set|remove`. */
export const partCommand = (cli: Cli, part: 'rule' | 'group' | 'test'): Command =>
  command(cli, `${part}s`, `change single ${part}s of the managed policy`)
    .addCommand(setCommand(cli, part))
    .addCommand(removeCommand(cli, part))

const EXAMPLE = {
  rule: '\'{"effect":"deny","tools":{"effects":["destructive"]}}\'',
  group: '\'{"agents":["sidekick"]}\'',
  test: '\'{"as":{"agent":"sidekick"},"list":{"excludes":["conn:files:delete"]}}\'',
}

const setCommand = (cli: Cli, part: 'rule' | 'group' | 'test'): Command =>
  savingCommand(cli, 'set', `put a ${part} in its place, or add it`, [
    `policy ${part}s set my-${part} ${EXAMPLE[part]}`,
  ])
    .argument('<name>', `the ${part}'s ${part === 'rule' ? 'id' : 'name'}`)
    .argument('<json>', 'a JSON object, or the path of a file that holds one')
    .action(async (name: string, json: string, options: SaveOptions) => {
      const value = await jsonOrFile(json)
      if (!isJsonObject(value)) throw new GatewayError('usage', `A ${part} is a JSON object.`)
      await save(cli, options, (gateway, etag) =>
        gateway.ask<SavedPolicy>('PUT', pathOf(part, name), {
          body: { [part]: value, ...bodyOf(options) },
          ifMatch: etag,
        }),
      )
    })

const removeCommand = (cli: Cli, part: 'rule' | 'group' | 'test'): Command =>
  savingCommand(cli, 'remove', `take a ${part} out`, [`policy ${part}s remove my-${part}`])
    .argument('<name>', `the ${part}'s ${part === 'rule' ? 'id' : 'name'}`)
    .action(async (name: string, options: SaveOptions) => {
      await save(cli, options, (gateway, etag) =>
        gateway.ask<SavedPolicy>('DELETE', pathOf(part, name), { query: bodyOf(options), ifMatch: etag }),
      )
    })

const pathOf = (part: string, name: string): string => `/policy/${part}s/${encodeURIComponent(name)}`

/** Saves on top of the version in force, and says what came of it. */
async function save(
  { shell }: Cli,
  { config, json, base }: SaveOptions,
  send: (gateway: GatewayClient, etag: string) => Promise<SavedPolicy>,
): Promise<void> {
  const saved = await withGateway(shell, { config, settle: true }, async (gateway) => {
    const { version, etag } = await gateway.ask<ManagedPolicy>('GET', '/policy')
    if (base === undefined || base === version) return send(gateway, etag)
    throw new GatewayError('version_conflict', `Version ${version} of the managed policy is in force, not ${base}.`)
  })
  if (json === true) sayJson(shell, saved)
  else saySaved(shell, saved)
}

const STATES = {
  activated: (version: number) => `Version ${version} of the managed policy is in force.`,
  unchanged: (version: number) => `Nothing to do: version ${version} says the same and is in force.`,
  dry_run: (version: number) => `It could be put into force. Version ${version} still is.`,
}

function saySaved(shell: Shell, { version, state, forced, tests, lint, warnings, impact }: SavedPolicy): void {
  sayWarnings(shell, warnings)
  sayFindings(
    shell,
    lint.filter(({ severity }) => severity !== 'info'),
  )
  sayTests(shell, tests)
  const { gained, lost, approvalChanged, conditionsChanged, widening } = impact
  const words = `${amount(gained)} gained, ${amount(lost)} lost, ${amount(approvalChanged)} with other approvals, ${amount(conditionsChanged)} with other conditions`
  say(shell, `access: ${words}${widening > 0 ? paint(shell, 'bad', `; ${amount(widening)} widened`) : ''}`)
  say(shell, plain(`${STATES[state](version)}${forced ? ' It was forced although tests fail.' : ''}`))
}
