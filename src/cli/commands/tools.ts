import { type Command, Option } from 'commander'
import type { Page } from '../../admin/page.ts'
import type { ToolDiff, ToolFacts } from '../../admin/tools.ts'
import type { DiffPart } from '../../admin/word-diff.ts'
import { type Cli, type CommonOptions, answeringCommand, command } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { withGateway } from '../gateway-client.ts'
import { type Cell, paint, plain, say, sayJson, sayTable, toTime } from '../print.ts'
import type { Shell } from '../shell.ts'
import { aliasesCommand, forgetAliasesCommand } from './tool-aliases.ts'
import { setCommand, unsetCommand } from './tool-overrides.ts'

interface ListOptions extends CommonOptions {
  readonly connection?: string
  readonly agent?: string
  readonly effect?: string
  readonly quarantined?: boolean
}

/** `tools list|diff|accept|set|unset|aliases|forget-aliases`. */
export const toolsCommand = (cli: Cli): Command =>
  command(cli, 'tools', 'look at tools, and accept those that changed')
    .addCommand(listCommand(cli))
    .addCommand(diffCommand(cli))
    .addCommand(acceptCommand(cli))
    .addCommand(setCommand(cli))
    .addCommand(unsetCommand(cli))
    .addCommand(aliasesCommand(cli))
    .addCommand(forgetAliasesCommand(cli))

const listCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'list', 'list tools', ['tools list', 'tools list --agent sidekick', 'tools list --quarantined'])
    .option('--connection <name>', 'only of this connection')
    .option('--agent <id>', 'only what this agent sees')
    .addOption(
      new Option('--effect <effect>', 'only of this effect').choices(['read', 'write', 'destructive', 'unclassified']),
    )
    .option('--quarantined', 'only those that changed and wait for `tools accept`')
    .action(async ({ config, json, ...filter }: ListOptions) => {
      const { shell } = cli
      const tools = await withGateway(shell, { config, settle: true }, (gateway) =>
        everyPage((cursor) =>
          gateway.ask<Page<ToolFacts>>('GET', '/tools', { query: { limit: 1000, cursor, ...filter } }),
        ),
      )
      if (json === true) return sayJson(shell, { items: tools })
      if (tools.length === 0) return say(shell, 'No tools. `gatehouse status` says what the connections are doing.')
      sayTable(shell, ['TOOL', 'EFFECT', 'RISK', 'SUMMARY'], tools.map(toRow))
    })

const toRow = ({ id, effect, external, risk, quarantined, summary }: ToolFacts): readonly Cell[] => [
  quarantined ? { text: `${id} (quarantined)`, tone: 'warn' } : id,
  external ? `${effect}, external` : effect,
  risk,
  summary,
]

const diffCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'diff', 'show what changed since a tool was accepted', ['tools diff conn:files:read_file'])
    .argument('<tool>', 'canonical id or wire name')
    .action(async (tool: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      const diff = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<ToolDiff>('GET', `/tools/${encodeURIComponent(tool)}/diff`),
      )
      if (json === true) sayJson(shell, diff)
      else sayDiff(shell, diff)
    })

function sayDiff(shell: Shell, { tool, quarantined, accepted, fields, fingerprint }: ToolDiff): void {
  const since = accepted ? `accepted ${toTime(accepted.at)}` : 'not accepted yet'
  say(shell, `${tool}, ${since}${quarantined ? paint(shell, 'warn', ', quarantined') : ''}`)
  for (const { field, parts } of fields)
    say(shell, `\n${paint(shell, 'bold', field)}\n${parts.map((part) => toText(shell, part)).join('')}`)
  if (fields.length === 0)
    say(shell, accepted?.fingerprint === fingerprint ? 'No change.' : 'The same words, from another server.')
  if (quarantined) say(shell, `\nAccept it with \`gatehouse tools accept ${tool}\`.`)
}

/** Readable without colours too: `[-went-]{+came+}`. */
function toText(shell: Shell, { op, text }: DiffPart): string {
  if (op === 'same') return plain(text)
  return op === 'removed' ? paint(shell, 'bad', `[-${plain(text)}-]`) : paint(shell, 'good', `{+${plain(text)}+}`)
}

const acceptCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'accept', 'accept the definition that a tool has now', [
    'tools accept conn:files:read_file',
    'tools accept conn:files:read_file --fingerprint 5d41…',
  ])
    .argument('<tool>', 'canonical id or wire name')
    .option('--fingerprint <sha256>', 'only this definition, as `tools diff --json` shows it')
    .action(async (tool: string, { config, json, fingerprint }: CommonOptions & { fingerprint?: string }) => {
      const { shell } = cli
      const accepted = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<{ readonly tool: string }>('POST', `/tools/${encodeURIComponent(tool)}/accept`, {
          body: { fingerprint },
        }),
      )
      if (json === true) sayJson(shell, accepted)
      else say(shell, `Accepted ${accepted.tool} as it is now.`)
    })
