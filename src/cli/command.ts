import { Command, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from '../kernel/duration.ts'
import { type JsonObject, isJsonObject } from '../kernel/json.ts'
import type { ExitCode } from './failure.ts'
import type { Shell } from './shell.ts'

/** What every command is made with: its surroundings, and where it leaves its exit code. */
export interface Cli {
  readonly shell: Shell
  finish(code: ExitCode): void
}

/** What every command takes. */
export interface CommonOptions {
  readonly config?: string
  readonly json?: boolean
}

/** A command whose words go to the shell, that throws instead of ending the process, and that shows examples. */
export function command({ shell }: Cli, name: string, description: string, examples: readonly string[] = []): Command {
  const made = new Command(name)
    .description(description)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => shell.stdout(text),
      writeErr: (text) => shell.stderr(text),
      getOutHasColors: () => shell.color,
      getErrHasColors: () => shell.color,
      ...(shell.columns !== undefined && { getOutHelpWidth: () => shell.columns ?? 80 }),
    })
  return examples.length === 0 ? made : made.addHelpText('after', toHelp(examples))
}

/** `command` with the options that every command which answers has. */
export const answeringCommand = (cli: Cli, name: string, description: string, examples: readonly string[]): Command =>
  command(cli, name, description, examples).addOption(configOption()).option('--json', 'print one JSON document')

export const configOption = (): Option =>
  new Option('-c, --config <path>', 'the configuration file (GATEHOUSE_CONFIG, else ./gateway.config.json)')

const toHelp = (examples: readonly string[]): string =>
  `\nExamples:\n${examples.map((example) => `  $ gatehouse ${example}`).join('\n')}`

/** An option's whole number within bounds. */
export const wholeNumber =
  (least: number, most: number) =>
  (text: string): number => {
    const number = Number(text)
    if (/^\d{1,9}$/.test(text) && number >= least && number <= most) return number
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`)
  }

/** An option's JSON object. */
export function jsonObject(text: string): JsonObject {
  const value = parsed(text)
  if (isJsonObject(value)) return value
  throw new InvalidArgumentError(`Give a JSON object, such as '{"path":"notes.txt"}'.`)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** An option's point in time: `1h` is an hour ago, anything else a date. In milliseconds since the epoch. */
export const pointInTime =
  (shell: Shell) =>
  (text: string): number => {
    const ago = parseDuration(text)
    const at = ago === undefined ? Date.parse(text) : shell.clock() - ago
    if (Number.isFinite(at)) return Math.max(0, at)
    throw new InvalidArgumentError('Give a duration such as 1h, or a date such as 2026-11-21T09:00:00Z.')
  }
