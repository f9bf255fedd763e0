import type { Command } from 'commander'
import { type Cli, command } from './command.ts'
import { type ExitCode, report } from './failure.ts'
import type { Shell } from './shell.ts'

const EXAMPLES = [
  'serve                                   run the gateway',
  'agent add sidekick                      register an agent and show its key',
  'tools list --agent sidekick             what it sees',
  'call conn:files:read_file \'{"path":"a"}\' --agent sidekick',
]

/** In the order of the help. Only the command that runs is loaded: `serve` keeps what it has loaded for as long as it runs. */
const COMMANDS: Readonly<Record<string, (cli: Cli) => Promise<Command>>> = {
  serve: async (cli) => (await import('./commands/serve.ts')).serveCommand(cli),
  stdio: async (cli) => (await import('./commands/stdio.ts')).stdioCommand(cli),
  check: async (cli) => (await import('./commands/check.ts')).checkCommand(cli),
  status: async (cli) => (await import('./commands/status.ts')).statusCommand(cli),
  agent: async (cli) => (await import('./commands/agent.ts')).agentCommand(cli),
  people: async (cli) => (await import('./commands/people.ts')).peopleCommand(cli),
  connect: async (cli) => (await import('./commands/connect.ts')).connectCommand(cli),
  connections: async (cli) => (await import('./commands/connections.ts')).connectionsCommand(cli),
  tools: async (cli) => (await import('./commands/tools.ts')).toolsCommand(cli),
  search: async (cli) => (await import('./commands/search.ts')).searchCommand(cli),
  policy: async (cli) => (await import('./commands/policy.ts')).policyCommand(cli),
  approvals: async (cli) => (await import('./commands/approvals.ts')).approvalsCommand(cli),
  audit: async (cli) => (await import('./commands/audit.ts')).auditCommand(cli),
  vault: async (cli) => (await import('./commands/vault.ts')).vaultCommand(cli),
  freeze: async (cli) => (await import('./commands/freeze.ts')).freezeCommand(cli),
  unfreeze: async (cli) => (await import('./commands/freeze.ts')).unfreezeCommand(cli),
  call: async (cli) => (await import('./commands/call.ts')).callCommand(cli),
  import: async (cli) => (await import('./commands/import.ts')).importCommand(cli),
}

const EXIT_CODES = '\nExit codes: 0 ok, 1 failed, 2 wrong usage, 3 a plan fails (--fail-on), 4 denied by policy'

/** Runs one command line and returns the exit code; whatever goes wrong has been told when it does. */
export async function runCli(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  let code: ExitCode = 0
  const program = await gatehouse({ shell, finish: (result) => (code = result) }, argv)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return report(shell, error, argv.includes('--json'))
  }
}

/** The program with the command that these words name, or with all of them. */
async function gatehouse(cli: Cli, argv: readonly string[]): Promise<Command> {
  const program = command(
    cli,
    'gatehouse',
    'One governed MCP gateway for every connection of an organisation.',
    EXAMPLES,
  )
    .version(cli.shell.version, '-V, --version', 'print the version')
    .addHelpText('after', EXIT_CODES)
  const wanted = Object.entries(COMMANDS).filter(([name]) => name === argv[0])
  const makers = wanted.length > 0 ? wanted : Object.entries(COMMANDS)
  for (const made of await Promise.all(makers.map(([, make]) => make(cli)))) program.addCommand(made)
  return program
}
