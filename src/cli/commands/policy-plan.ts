import { type Command, Option } from 'commander'
import type { PolicyPlan } from '../../admin/policy-plan.ts'
import type { TestReport } from '../../admin/policy-tests.ts'
import { type Cli, type CommonOptions, answeringCommand, pointInTime, wholeNumber } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { sayJson } from '../print.ts'
import { readPolicyFile } from './policy-file.ts'
import { sayPlan, sayTests } from './policy-print.ts'

const FAILURES = ['widening', 'tests', 'changes', 'nothing'] as const

interface PlanOptions extends CommonOptions {
  readonly declared?: boolean
  readonly last?: number
  readonly since?: number
  readonly replay: boolean
  readonly listed?: number
  readonly failOn: readonly (typeof FAILURES)[number][]
}

/** `policy plan`: 0 when nothing is wrong, 3 when it has what `--fail-on` names. */
export const planCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'plan', 'say what a policy would change for whom; nothing is saved', [
    'policy plan policy.json',
    'policy plan gateway.config.json --since 7d',
    'policy plan policy.json --fail-on changes --json',
  ])
    .argument('<file>', 'a policy document in place of the managed one, or a configuration whose policy is declared')
    .option('--declared', 'the document takes the place of the declared policy')
    .option('--last <number>', 'so many calls of the past are decided anew (10000)', wholeNumber(1, 100_000))
    .option('--since <time>', 'calls since then: a date, or a duration ago', pointInTime(cli.shell))
    .option('--no-replay', 'looks at no calls of the past')
    .option('--listed <number>', 'how many changes of a kind are listed', wholeNumber(1, 1_000))
    .addOption(
      new Option('--fail-on <what...>', 'exit code 3 when access widens, tests fail, or anything changes')
        .choices(FAILURES)
        .default(['widening', 'tests']),
    )
    .action(async (file: string, options: PlanOptions) => {
      const { shell } = cli
      const { config, json, declared, listed, failOn } = options
      const { layer, body } = await readPolicyFile(shell, file)
      const sent = {
        ...body,
        layer: declared === true ? 'declared' : layer,
        replay: pastOf(options),
        ...(listed !== undefined && { listed }),
      }
      const plan = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<PolicyPlan>('POST', '/policy/plan', { body: sent }),
      )
      if (json === true) sayJson(shell, plan)
      else sayPlan(shell, plan)
      cli.finish(failOn.some((what) => has(plan, what)) ? 3 : 0)
    })

function pastOf({ replay, last, since }: PlanOptions) {
  if (!replay) return false
  if (last === undefined && since === undefined) return undefined
  return { ...(last !== undefined && { last }), ...(since !== undefined && { since }) }
}

function has({ access: { totals }, text, tests, replay }: PolicyPlan, what: PlanOptions['failOn'][number]): boolean {
  if (what === 'nothing') return false
  if (what === 'tests') return tests.failed > 0
  if (what === 'widening') return totals.widening > 0 || (replay?.widened ?? 0) > 0
  return [text.added, text.removed, text.changed].some((entries) => entries.length > 0)
}

/** `policy test`: the tests of the policy in force, or with another document in its place. */
export const testCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'test', 'run the tests of the policy', ['policy test', 'policy test policy.json'])
    .argument('[file]', 'a policy document in place of the managed one, or a configuration')
    .action(async (file: string | undefined, { config, json }: CommonOptions) => {
      const { shell } = cli
      const read = file === undefined ? undefined : await readPolicyFile(shell, file)
      const body = read ? { ...read.body, layer: read.layer } : {}
      const report = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<TestReport>('POST', '/policy/test', { body }),
      )
      if (json === true) sayJson(shell, report)
      else sayTests(shell, report)
      cli.finish(report.failed === 0 ? 0 : 1)
    })
