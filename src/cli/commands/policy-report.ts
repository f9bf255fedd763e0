import type { Command } from 'commander'
import type { Page } from '../../admin/page.ts'
import type { MatrixCell } from '../../admin/policy-matrix.ts'
import type { Finding } from '../../admin/policy-plan.ts'
import type { Count, ShadowReport } from '../../admin/policy-shadow.ts'
import { type Cli, type CommonOptions, answeringCommand, pointInTime } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { withGateway } from '../gateway-client.ts'
import { say, sayJson, sayTable, type Tone, toTime } from '../print.ts'
import { amount, sayFindings } from './policy-print.ts'

/** `policy lint`: 1 when there is an error among the findings. */
export const lintCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'lint', 'look for what the policy allows or forbids without anyone having meant it', [
    'policy lint',
  ]).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    const { items } = await withGateway(shell, { config, settle: true }, (gateway) =>
      gateway.ask<{ readonly items: readonly Finding[] }>('GET', '/policy/lint'),
    )
    if (json === true) sayJson(shell, { items })
    else if (items.length === 0) say(shell, 'Nothing was found.')
    else sayFindings(shell, items)
    cli.finish(items.some(({ severity }) => severity === 'error') ? 1 : 0)
  })

/** `policy shadow`. */
export const shadowCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'shadow', 'report what rules in shadow mode would have done', ['policy shadow --since 1d'])
    .option('--since <time>', 'a date, or a duration ago (7d)', pointInTime(cli.shell))
    .action(async ({ config, json, since }: CommonOptions & { readonly since?: number }) => {
      const { shell } = cli
      const report = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<ShadowReport>('GET', '/policy/shadow', { query: { since } }),
      )
      if (json === true) return sayJson(shell, report)
      say(shell, `${amount(report.calls)} calls since ${toTime(report.since)}`)
      if (report.rules.length === 0) return say(shell, 'No rule is in shadow mode.')
      sayTable(
        shell,
        ['RULE', 'MODE', 'CALLS', 'WOULD DENY', 'WOULD ALLOW', 'WOULD ASK', 'MOST'],
        report.rules.map(({ rule, mode, calls, would, agents, tools }) => [
          rule,
          mode,
          amount(calls),
          amount(would.deny),
          amount(would.allow),
          amount(would.obligations),
          [...agents.slice(0, 2), ...tools.slice(0, 2)].map(toText).join(', '),
        ]),
      )
    })

const toText = ({ name, calls }: Count): string => `${name} (${amount(calls)})`

const TONES: Readonly<Record<MatrixCell['access'], Tone>> = {
  none: 'dim',
  approval: 'warn',
  conditional: 'warn',
  allow: 'good',
}

/** `policy matrix`. */
export const matrixCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'matrix', 'list what each agent may do with each tool', [
    'policy matrix --agent sidekick',
    'policy matrix --connection gmail --all',
  ])
    .option('--agent <id>', 'of this agent alone')
    .option('--connection <slug>', 'tools of this connection alone')
    .option('--all', 'also what nobody may see')
    .action(async ({ config, json, agent, connection, all }: MatrixOptions) => {
      const { shell } = cli
      const reachable = all === true ? undefined : true
      const items = await withGateway(shell, { config, settle: true }, (gateway) =>
        everyPage((cursor) =>
          gateway.ask<Page<MatrixCell>>('GET', '/policy/matrix', {
            query: { limit: 1000, cursor, agent, connection, reachable },
          }),
        ),
      )
      if (json === true) return sayJson(shell, { items })
      if (items.length === 0) return say(shell, 'No agent may do anything here.')
      sayTable(
        shell,
        ['AGENT', 'ACCESS', 'EFFECT', 'TOOL', 'RULES'],
        items.map((cell) => [
          cell.agent,
          { text: cell.quarantined ? 'quarantined' : cell.access, tone: TONES[cell.access] },
          cell.effect,
          cell.tool,
          cell.rules.join(', '),
        ]),
      )
    })

interface MatrixOptions extends CommonOptions {
  readonly agent?: string
  readonly connection?: string
  readonly all?: boolean
}
