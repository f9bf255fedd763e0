import type { Command } from 'commander'
import { type Cli, command } from '../command.ts'
import { applyCommand, partCommand, rollbackCommand } from './policy-change.ts'
import { explainCommand } from './policy-explain.ts'
import { planCommand, testCommand } from './policy-plan.ts'
import { lintCommand, matrixCommand, shadowCommand } from './policy-report.ts'
import { effectiveCommand, showCommand, versionsCommand } from './policy-show.ts'

/** `policy …`: what agents may do, what would change, and changing it. */
export const policyCommand = (cli: Cli): Command =>
  command(cli, 'policy', 'show, ask, try and change the policy')
    .addCommand(showCommand(cli))
    .addCommand(effectiveCommand(cli))
    .addCommand(explainCommand(cli))
    .addCommand(planCommand(cli))
    .addCommand(testCommand(cli))
    .addCommand(lintCommand(cli))
    .addCommand(applyCommand(cli))
    .addCommand(versionsCommand(cli))
    .addCommand(rollbackCommand(cli))
    .addCommand(partCommand(cli, 'rule'))
    .addCommand(partCommand(cli, 'group'))
    .addCommand(partCommand(cli, 'test'))
    .addCommand(shadowCommand(cli))
    .addCommand(matrixCommand(cli))
