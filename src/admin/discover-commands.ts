import { GatewayError } from '../kernel/errors.ts'

/** A program that somebody wants started. */
export interface WantedCommand {
  readonly command: string
  readonly args: readonly string[]
  /** Names of its environment variables. */
  readonly env: readonly string[]
}

/** What changes which code a program runs, whatever the program is. */
const HIJACKS =
  /^(?:PATH|LD_.*|DYLD_.*|NODE_OPTIONS|NODE_PATH|NODE_REPL_.*|BASH_ENV|ENV|IFS|SHELLOPTS|PYTHON(?:PATH|STARTUP|HOME|INSPECT)|PERL5(?:OPT|LIB)|PERLLIB|RUBY(?:OPT|LIB)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|GIT_.*|npm_config_.*|HOME|TMPDIR)$/i

/**
 * Passes a program only when `allowed` has an entry whose words are the first words of its command line: `npx -y a-server` lets
 * that package be started with any further arguments, and nothing else of npx. Without entries nothing passes. Throws
 * `forbidden`. Programs of the configuration file need no entry: whoever writes the file decides over this machine.
 */
export function checkCommand({ command, args, env }: WantedCommand, allowed: readonly string[]): void {
  const line = [command, ...args]
  const isAllowed = allowed.some((entry) => {
    const words = entry.trim().split(/\s+/)
    return entry.trim() !== '' && words.every((word, index) => word === line[index])
  })
  if (!isAllowed) {
    throw new GatewayError(
      'forbidden',
      `The program ${JSON.stringify(command.slice(0, 200))} may not be started with these arguments from here. Name it in "stdio": { "allowedCommands": […] } of the configuration, or declare the connection there.`,
    )
  }
  const hijack = env.find((name) => HIJACKS.test(name))
  if (hijack === undefined) return
  throw new GatewayError(
    'forbidden',
    `The environment variable ${hijack} decides which code a program runs and cannot be set from here. Declare the connection in the configuration.`,
  )
}
