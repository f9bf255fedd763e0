import type { Command } from 'commander'
import { type CheckReport, checkConfig } from '../../admin/check.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { configPathOf } from '../config-path.ts'
import { paint, plain, say, sayJson } from '../print.ts'
import type { Shell } from '../shell.ts'
import { sayFindings } from './policy-print.ts'

/** `check`: would this configuration be taken? Starts nothing. */
export const checkCommand = (cli: Cli): Command =>
  answeringCommand(
    cli,
    'check',
    'validate the configuration, look for what its policy may not mean and run its tests, without starting anything',
    ['check', 'check --config staging.config.json --json'],
  ).action(async ({ config, json }: CommonOptions) => {
    const { shell } = cli
    const report = await checkConfig({
      configPath: configPathOf(shell, config),
      env: shell.env,
      declaredWorld: shell.declaredWorld,
      at: shell.clock(),
    })
    if (json === true) sayJson(shell, report)
    else sayReport(shell, report)
    cli.finish(report.tests.failed.length === 0 ? 0 : 1)
  })

function sayReport(shell: Shell, { path, agents, connections, rules, warnings, lint, tests }: CheckReport): void {
  const pending = warnings.filter((warning) => warning.pending)
  for (const { rule, path: at, message } of warnings.filter((warning) => !warning.pending)) {
    say(
      shell,
      `${paint(shell, 'warn', 'warning:')} ${rule === undefined ? '' : `rule "${rule}", `}${at}: ${plain(message)}`,
    )
  }
  if (pending.length > 0) {
    const rules = [...new Set(pending.map(({ rule }) => rule ?? ''))].join(', ')
    say(shell, `not checked: tools that only their servers can name, in the rules ${plain(rules)}; --json lists them`)
  }
  sayFindings(shell, lint)
  for (const { name, message } of tests.failed) {
    say(shell, `${paint(shell, 'bad', 'failed:')} ${plain(name)}: ${plain(message ?? '')}`)
  }
  if (tests.skipped.length > 0) {
    say(shell, `skipped: ${tests.skipped.length} policy tests about servers whose tools are known only when they run`)
  }
  const verdict = tests.failed.length === 0 ? paint(shell, 'good', 'ok') : paint(shell, 'bad', 'not ok')
  say(
    shell,
    `${verdict}: ${path}: ${connections} connections, ${agents} agents, ${rules} rules, ${tests.passed} policy tests passed`,
  )
}
