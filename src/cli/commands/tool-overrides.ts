import { type Command, Option } from 'commander'
import type { OverriddenTool } from '../../admin/overrides.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson } from '../print.ts'

interface SetOptions extends CommonOptions {
  readonly title?: string
  readonly description?: string
  readonly effect?: string
  readonly tag?: readonly string[]
  readonly alias?: readonly string[]
}

const pathOf = (tool: string): string => `/tools/${encodeURIComponent(tool)}/override`

/** `tools set`: what is not named stays as it was set before. */
export const setCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'set', 'say of a tool what its source does not; the configuration stands above it', [
    'tools set conn:files:read_file --description "Reads one text file." --alias "open document"',
    'tools set conn:files:move_file --effect destructive --tag files --tag risky',
  ])
    .argument('<tool>', 'canonical id or wire name')
    .option('--title <text>', 'shown to agents')
    .option('--description <text>', 'shown to agents')
    .addOption(
      new Option('--effect <effect>', 'what calling it does').choices(['read', 'write', 'destructive', 'unclassified']),
    )
    .option('--tag <words...>', 'words that rules select by, in place of the ones before')
    .option('--alias <words...>', 'words by which search finds it, in place of the ones before')
    .action(async (tool: string, { config, json, tag, alias, ...said }: SetOptions) => {
      const { shell } = cli
      const given = { ...said, ...(tag && { tags: tag }), ...(alias && { aliases: alias }) }
      const overridden = await withGateway(shell, { config, settle: true }, async (gateway) => {
        const before = await gateway.ask<OverriddenTool>('GET', pathOf(tool))
        return gateway.ask<OverriddenTool>('PUT', pathOf(tool), { body: { ...before.override, ...given } })
      })
      if (json === true) sayJson(shell, overridden)
      else say(shell, `${overridden.tool}: ${JSON.stringify(overridden.override)}`)
    })

/** `tools unset`. */
export const unsetCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'unset', 'take back what `tools set` said of a tool', ['tools unset conn:files:read_file'])
    .argument('<tool>', 'canonical id or wire name')
    .action(async (tool: string, { config, json }: CommonOptions) => {
      const { shell } = cli
      await withGateway(shell, { config, settle: true }, (gateway) => gateway.ask<undefined>('DELETE', pathOf(tool)))
      if (json === true) sayJson(shell, { tool })
      else say(shell, `${tool} is what its source and the configuration say.`)
    })
