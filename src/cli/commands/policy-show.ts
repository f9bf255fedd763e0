import type { Command } from 'commander'
import type { EffectivePolicy, ManagedPolicy, ShownVersion } from '../../admin/policy.ts'
import type { Page } from '../../admin/page.ts'
import { type Cli, type CommonOptions, answeringCommand, wholeNumber } from '../command.ts'
import { everyPage } from '../every-page.ts'
import { withGateway } from '../gateway-client.ts'
import { paint, plain, say, sayJson, sayTable, toTime } from '../print.ts'

/** `policy show`: the managed document as it can be edited and applied again. */
export const showCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'show', 'print the managed policy, or one of its versions', [
    'policy show > policy.json',
    'policy show --version 6 --json',
  ])
    .option('--version <number>', 'see `policy versions`', wholeNumber(0, 999_999_999))
    .action(async ({ config, json, version }: CommonOptions & { readonly version?: number }) => {
      const { shell } = cli
      const path = version === undefined ? '/policy' : `/policy/versions/${version}`
      const shown = await withGateway(shell, { config }, (gateway) => gateway.ask<ManagedPolicy>('GET', path))
      if (json === true) return sayJson(shell, shown)
      if (shown.problem !== undefined) shell.stderr(`${paint(shell, 'bad', 'error:')} ${plain(shown.problem)}\n`)
      sayJson(shell, shown.document)
    })

/** `policy effective`. */
export const effectiveCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'effective', 'list everything that is evaluated, with its origin', ['policy effective']).action(
    async ({ config, json }: CommonOptions) => {
      const { shell } = cli
      const policy = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<EffectivePolicy>('GET', '/policy/effective'),
      )
      if (json === true) return sayJson(shell, policy)
      if (policy.problem !== undefined)
        say(shell, `${paint(shell, 'bad', 'everything is denied:')} ${plain(policy.problem)}`)
      const rules = policy.rules.map(({ origin, enabled, mode, tools, rule }) => [
        rule.id,
        origin,
        rule.effect,
        !enabled ? 'off' : mode,
        String(tools),
        rule.description ?? '',
      ])
      const grants = policy.grants.map(({ id, tool, principal, notAfter }) => [
        id,
        'grant',
        'approved',
        `until ${toTime(notAfter)}`,
        '1',
        `${tool} of ${principal}`,
      ])
      sayTable(shell, ['RULE', 'ORIGIN', 'EFFECT', 'MODE', 'TOOLS', 'DESCRIPTION'], [...rules, ...grants])
    },
  )

/** `policy versions`. */
export const versionsCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'versions', 'list the versions of the managed policy, newest first', [
    'policy versions',
  ]).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    const items = await withGateway(shell, { config }, (gateway) =>
      everyPage((cursor) =>
        gateway.ask<Page<ShownVersion>>('GET', '/policy/versions', { query: { limit: 1000, cursor } }),
      ),
    )
    if (json === true) return sayJson(shell, { items })
    sayTable(
      shell,
      ['VERSION', 'IN FORCE', 'WHEN', 'BY', 'TESTS', 'WIDENED', 'MESSAGE'],
      items.map((item) => [
        String(item.version),
        item.active ? { text: 'yes', tone: 'good' } : '',
        item.at === undefined ? '' : toTime(item.at),
        item.author ?? '',
        item.tests ? `${item.tests.passed} of ${item.tests.passed + item.tests.failed}` : '',
        String(item.impact?.widening ?? ''),
        wordsOf(item),
      ]),
    )
  })

const wordsOf = ({ version, message = '', forced, restored }: ShownVersion): string =>
  [
    ...(version === 0 ? ['no managed rules'] : []),
    ...(restored === undefined ? [] : [`version ${restored} again`]),
    ...(forced ? ['forced'] : []),
    ...(message === '' ? [] : [message]),
  ].join('; ')
