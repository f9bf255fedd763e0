import type { Command } from 'commander'
import type { LearnedAlias } from '../../admin/aliases.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable } from '../print.ts'

const PATH = '/learned-aliases'

/** `tools aliases`. */
export const aliasesCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'aliases', 'list the word stems that search has learned (discovery.learnAliases)', [
    'tools aliases',
  ]).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    const { items } = await withGateway(shell, { config }, (gateway) =>
      gateway.ask<{ readonly items: readonly LearnedAlias[] }>('GET', PATH),
    )
    if (json === true) return sayJson(shell, { items: items.map((item) => ({ ...item, stems: [...item.stems] })) })
    if (items.length === 0) return say(shell, 'Search has learned nothing yet.')
    sayTable(
      shell,
      ['TOOL', 'STEMS'],
      items.map(({ tool, stems }) => [tool, stems.join(' ')]),
    )
  })

/** `tools forget-aliases`. */
export const forgetAliasesCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'forget-aliases', 'forget what search has learned, of one tool or of all', [
    'tools forget-aliases',
    'tools forget-aliases conn:files:read_file',
  ])
    .argument('[tool]', 'canonical id or wire name; all tools when left out')
    .action(async (tool: string | undefined, { config, json }: CommonOptions) => {
      const { shell } = cli
      const { forgotten } = await withGateway(shell, { config, settle: tool !== undefined }, (gateway) =>
        gateway.ask<{ readonly forgotten: number }>('DELETE', PATH, { query: { tool } }),
      )
      if (json === true) sayJson(shell, { forgotten })
      else say(shell, `Forgotten: what was learned of ${forgotten} ${forgotten === 1 ? 'tool' : 'tools'}.`)
    })
