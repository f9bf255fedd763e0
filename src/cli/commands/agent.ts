import { type Command, Option } from 'commander'
import type { AgentFacts, RevokedAgent } from '../../admin/agents.ts'
import type { Page } from '../../admin/page.ts'
import type { Agent } from '../../kernel/principal.ts'
import { type Cli, type CommonOptions, answeringCommand, command } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable, toTime } from '../print.ts'

interface AddOptions extends CommonOptions {
  readonly title?: string
  readonly groups?: readonly string[]
  readonly toolNames?: string
  readonly toolMode?: string
  readonly pinned?: readonly string[]
  readonly schemas?: string
  readonly expires?: string
  readonly user?: string
}

interface Shown {
  readonly agent: Agent
  readonly created: boolean
  readonly keyId: string
  readonly key: string
}

/** `agent add|list|rotate|enable|disable|revoke`. */
export const agentCommand = (cli: Cli): Command =>
  command(cli, 'agent', 'register agents and give them keys')
    .addCommand(addCommand(cli))
    .addCommand(listCommand(cli))
    .addCommand(rotateCommand(cli))
    .addCommand(enableCommand(cli, 'enable', 'let an agent in again'))
    .addCommand(enableCommand(cli, 'disable', 'refuse an agent and end what it keeps open; its keys stay'))
    .addCommand(revokeCommand(cli))

const addCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'add', 'register an agent, or give one that is there another key; the key is shown once', [
    'agent add sidekick',
    'agent add ci --groups builders --expires 90d',
    'agent add sidekick --user ann   # a key with which it acts for ann',
  ])
    .argument('<id>', 'lower case letters, digits, _ and -')
    .option('--title <text>', 'what people call it')
    .option('--groups <names...>', 'groups that rules speak of')
    .addOption(
      new Option('--tool-names <style>', 'how names of tools look to it').choices(['portable', 'canonical', 'plain']),
    )
    .addOption(
      new Option('--tool-mode <mode>', 'what its list of tools holds').choices(['auto', 'full', 'search', 'both']),
    )
    .option('--pinned <ids...>', 'tools that are listed in every mode; * stands for any run of characters')
    .addOption(new Option('--schemas <style>', 'full, or slim for fewer tokens in lists').choices(['full', 'slim']))
    .option('--expires <duration>', 'when the key ends, such as 90d; never when left out')
    .option('--user <id>', 'the person that it acts for with this key: calls use the accounts of that person')
    .action(async (id: string, { config, json, expires, ...settings }: AddOptions) => {
      const { shell } = cli
      const draft = { id, ...settings, expiresIn: expires }
      const shown = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Shown>('POST', '/agents', { body: draft }),
      )
      if (json === true) return sayJson(shell, shown)
      shell.stderr(
        `${shown.created ? 'Added the agent' : 'Another key for the agent'} "${shown.agent.id}". This is its key (${shown.keyId}); it is not shown again:\n`,
      )
      say(shell, shown.key)
    })

const listCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'list', 'list agents and their keys', ['agent list', 'agent list --json']).action(
    async ({ config, json }: CommonOptions) => {
      const { shell } = cli
      const agents = await withGateway(shell, { config }, (gateway) =>
        everyPage((cursor) => gateway.ask<Page<AgentFacts>>('GET', '/agents', { query: { limit: 1000, cursor } })),
      )
      if (json === true) return sayJson(shell, { items: agents })
      if (agents.length === 0) return say(shell, 'No agents. Add one with `gatehouse agent add <id>`.')
      sayTable(shell, ['AGENT', 'ORIGIN', 'GROUPS', 'NAMES', 'KEYS'], agents.map(toRow))
    },
  )

const toRow = ({ id, origin, enabled, groups, toolNames, keys }: AgentFacts): readonly string[] => [
  id,
  enabled ? origin : `${origin}, disabled`,
  groups.join(', '),
  toolNames,
  keys.map(toKeyText).join(', '),
]

const toKeyText = ({ id, user, expiresAt }: AgentFacts['keys'][number]): string =>
  `${id}${user === undefined ? '' : ` for ${user}`}${expiresAt === undefined ? '' : ` until ${toTime(expiresAt)}`}`

interface RotateOptions extends CommonOptions {
  readonly overlap?: string
  readonly expires?: string
}

const rotateCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'rotate', 'another key in place of one, which ends after the overlap; it is shown once', [
    'agent rotate 4fXb0aQmZ1cD',
    'agent rotate 4fXb0aQmZ1cD --overlap 1d --expires 90d',
  ])
    .argument('<key>', 'the key, as `agent list` names it')
    .option('--overlap <duration>', 'how long the old key keeps working, or none; 1h when left out')
    .option('--expires <duration>', 'when the new key ends, such as 90d; never when left out')
    .action(async (key: string, { config, json, overlap, expires }: RotateOptions) => {
      const { shell } = cli
      const body = {
        ...(overlap !== undefined && { overlap }),
        ...(expires !== undefined && { expiresIn: expires }),
      }
      const shown = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Shown>('POST', `/keys/${encodeURIComponent(key)}/rotate`, { body }),
      )
      if (json === true) return sayJson(shell, shown)
      shell.stderr(`Another key for the agent "${shown.agent.id}" (${shown.keyId}); it is not shown again:\n`)
      say(shell, shown.key)
    })

const enableCommand = (cli: Cli, deed: 'enable' | 'disable', description: string): Command =>
  answeringCommand(cli, deed, description, [`agent ${deed} sidekick`])
    .argument('<id>', 'the agent')
    .action(async (id: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      const agent = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<AgentFacts>('POST', `/agents/${encodeURIComponent(id)}/${deed}`),
      )
      if (json === true) sayJson(shell, agent)
      else say(shell, `The agent "${id}" is ${agent.enabled ? 'let in' : 'refused'} from now on.`)
    })

const revokeCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'revoke', 'end the keys of an agent and its registration, or one key', [
    'agent revoke sidekick',
    'agent revoke --key k_3f9a',
  ])
    .argument('[id]', 'the agent')
    .option('--key <id>', 'only this key, as `agent list` names it')
    .action(async (id: string | undefined, { config, json, key }: CommonOptions & { key?: string }, self: Command) => {
      const { shell } = cli
      if ((id === undefined) === (key === undefined))
        self.error('error: name either an agent or a key: `agent revoke <id>` or `agent revoke --key <id>`')
      const revoked = await withGateway(
        shell,
        { config },
        async (gateway): Promise<RevokedAgent | { readonly key: string }> => {
          if (key === undefined) return gateway.ask<RevokedAgent>('DELETE', `/agents/${encodeURIComponent(id ?? '')}`)
          await gateway.ask('DELETE', `/keys/${encodeURIComponent(key)}`)
          return { key }
        },
      )
      if (json === true) return sayJson(shell, revoked)
      say(shell, 'key' in revoked ? `Revoked the key ${revoked.key}.` : toSentence(revoked))
    })

const toSentence = ({ agent, revokedKeys, removed }: RevokedAgent): string =>
  removed
    ? `Removed the agent "${agent}" and revoked its keys (${revokedKeys}).`
    : `Revoked the keys of "${agent}" (${revokedKeys}). It is declared in the configuration: remove it there to end its registration.`
