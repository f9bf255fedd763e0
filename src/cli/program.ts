import type { Command } from 'commander'
import { type Cli, command } from './command.ts'
import { agentCommand } from './commands/agent.ts'
import { approvalsCommand } from './commands/approvals.ts'
import { auditCommand } from './commands/audit.ts'
import { callCommand } from './commands/call.ts'
import { checkCommand } from './commands/check.ts'
import { connectCommand } from './commands/connect.ts'
import { connectionsCommand } from './commands/connections.ts'
import { freezeCommand, unfreezeCommand } from './commands/freeze.ts'
import { importCommand } from './commands/import.ts'
import { peopleCommand } from './commands/people.ts'
import { policyCommand } from './commands/policy.ts'
import { searchCommand } from './commands/search.ts'
import { serveCommand } from './commands/serve.ts'
import { statusCommand } from './commands/status.ts'
import { stdioCommand } from './commands/stdio.ts'
import { toolsCommand } from './commands/tools.ts'
import { vaultCommand } from './commands/vault.ts'
import { type ExitCode, report } from './failure.ts'
import type { Shell } from './shell.ts'

const EXAMPLES = [
  'serve                                   run the gateway',
  'agent add sidekick                      register an agent and show its key',
  'tools list --agent sidekick             what it sees',
  'call conn:files:read_file \'{"path":"a"}\' --agent sidekick',
]

const EXIT_CODES = '\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 a plan fails (--fail-on), 4 denied by policy'

/** Runs one command line and returns the exit code; whatever goes wrong has been told when it does. */
export async function runCli(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = gatehouse({ shell, finish: (result) => (code = result) })
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return report(shell, error, argv.includes('--json'))
  }
}

function gatehouse(cli: Cli): Command {
  const program = command(
    cli,
    'gatehouse',
    'One governed MCP gateway for every connection of an organisation.',
    EXAMPLES,
  )
    .version(cli.shell.version, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES)
  const commands = [
    serveCommand,
    stdioCommand,
    checkCommand,
    statusCommand,
    agentCommand,
    peopleCommand,
    connectCommand,
    connectionsCommand,
    toolsCommand,
    searchCommand,
    policyCommand,
    approvalsCommand,
    auditCommand,
    vaultCommand,
    freezeCommand,
    unfreezeCommand,
    callCommand,
    importCommand,
  ]
  for (const make of commands) program.addCommand(make(cli))
  return program
}
