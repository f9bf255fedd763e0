import type { Command } from 'commander'
import type { SearchHit, SearchReport } from '../../admin/search.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { plain, say, sayJson, sayTable } from '../print.ts'

interface SearchOptions extends CommonOptions {
  readonly agent?: string
  readonly limit?: string
  readonly explain?: boolean
}

/** `search`: what an agent finds for some words, and why. */
export const searchCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'search', 'find tools by what they do, as an agent would', [
    'search "create an issue" --agent sidekick',
    'search "send mail" --explain',
  ])
    .argument('<words...>', 'action, object and product')
    .option('--agent <id>', 'only what this agent sees')
    .option('--limit <count>', 'how many to show', '10')
    .option('--explain', 'show what each field adds to the score')
    .action(async (words: readonly string[], { config, json, agent, limit, explain }: SearchOptions) => {
      const { shell } = cli
      const body = { query: words.join(' '), limit: Number(limit), ...(agent !== undefined && { agent }) }
      const report = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<SearchReport>('POST', '/search', { body }),
      )
      if (json === true) return sayJson(shell, report)
      if (report.hits.length === 0) return say(shell, 'No tool has these words.')
      if (report.weak) say(shell, 'No close match:')
      sayTable(
        shell,
        ['TOOL', 'SCORE', explain === true ? 'FROM' : 'SUMMARY'],
        report.hits.map((hit) => [
          hit.tool,
          hit.score.toFixed(2),
          explain === true ? toReasons(hit) : plain(hit.summary),
        ]),
      )
    })

/** `name 4.10, description 1.20, ×1.6 for 80% of its name and 100% of its connection's`, the largest part first. */
function toReasons({ exact, fields, nameCoverage, connectionCoverage, score }: SearchHit): string {
  const parts = Object.entries(fields).toSorted(([, a], [, b]) => b - a)
  const sum = parts.reduce((total, [, part]) => total + part, 0)
  const factor = sum === 0 ? 1 : score / sum
  const named = [
    ...(nameCoverage > 0 ? [`${toPercent(nameCoverage)} of its name`] : []),
    ...(connectionCoverage > 0 ? [`${toPercent(connectionCoverage)} of its connection's`] : []),
  ].join(' and ')
  return [
    ...(exact ? ['its name'] : []),
    ...parts.map(([field, part]) => `${field} ${part.toFixed(2)}`),
    ...(named === '' ? [] : [`×${factor.toFixed(1)} for ${named}`]),
  ].join(', ')
}

const toPercent = (share: number): string => `${Math.round(share * 100)}%`
