import { readFile, stat } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { type Command, Option } from 'commander'
import { GatewayError } from '../../kernel/errors.ts'
import { type Cli, type CommonOptions, answeringCommand } from '../command.ts'
import { configPathOf } from '../config-path.ts'
import { type Outcome, planImport } from '../import/plan.ts'
import { readServers } from '../import/read.ts'
import { storeManaged } from '../import/store-managed.ts'
import type { Client } from '../import/text.ts'
import { connectionsIn, replaceText, withConnections } from '../import/write.ts'
import { paint, plain, say, sayJson } from '../print.ts'
import type { Shell } from '../shell.ts'

interface ImportOptions extends CommonOptions {
  readonly dryRun?: boolean
  readonly managed?: boolean
  readonly from?: Client
}

const CLIENTS: readonly Client[] = ['claude-code', 'claude-desktop', 'cursor', 'vscode', 'codex', 'gemini']
const MAX_BYTES = 32 * 1_048_576

/** `import <file>`: takes the MCP servers of a client over into the configuration. Secrets become variables, named and never shown. */
export const importCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'import', 'take MCP servers over from the settings of a client', [
    'import .mcp.json --dry-run               # Claude Code',
    'import ~/.cursor/mcp.json',
    'import ~/.codex/config.toml --json',
    'import .mcp.json --managed               # servers at URLs go to the gateway, their keys into its vault',
  ])
    .argument('<file>', 'settings of Claude Code, Claude Desktop, Cursor, VS Code, Codex or Gemini CLI')
    .option('--dry-run', 'show what would be taken over and write nothing')
    .option('--managed', 'store servers at URLs in the gateway with their credential sealed, not in the configuration')
    .addOption(new Option('--from <client>', 'whose settings they are, where the file does not tell').choices(CLIENTS))
    .action(async (file: string, { config, json, dryRun = false, managed = false, from }: ImportOptions) => {
      const { shell } = cli
      const path = resolve(file)
      const target = configPathOf(shell, config)
      const { client, servers, entries } = readServers({ path, text: await readText(path), client: from })
      const text = await readText(target)
      const planned = planImport(servers, connectionsIn(text, target))
      const outcomes = managed && !dryRun ? await storeManaged(shell, planned, { config, entries }) : planned
      const added = outcomes.flatMap(({ slug, result, connection }) =>
        result === 'added' && connection ? [[slug, connection] as const] : [],
      )
      if (!dryRun && added.length > 0) await replaceText(target, withConnections(text, target, added))
      if (json === true) sayJson(shell, { client, config: target, dryRun, servers: outcomes })
      else sayOutcomes(shell, outcomes, dryRun ? undefined : target)
      cli.finish(outcomes.some(({ result }) => result === 'unsupported' || result === 'collision') ? 1 : 0)
    })

async function readText(path: string): Promise<string> {
  try {
    if ((await stat(path)).size > MAX_BYTES)
      throw new GatewayError('payload_too_large', `${path} is larger than ${MAX_BYTES} bytes.`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause
    throw new GatewayError('not_found', `${path} cannot be read. Check the path.`, { cause })
  }
}

const WORDS = {
  added: ['good', 'added'],
  stored: ['good', 'stored'],
  present: ['dim', 'there already'],
  collision: ['warn', 'left out'],
  unsupported: ['bad', 'left out'],
} as const

function sayOutcomes(shell: Shell, outcomes: readonly Outcome[], target: string | undefined): void {
  for (const { name, slug, result, notes, problems } of outcomes) {
    const [tone, word] = WORDS[result]
    say(
      shell,
      `${paint(shell, tone, target === undefined && result === 'added' ? 'would add' : word)}: ${plain(name)}${name === slug ? '' : ` as ${slug}`}`,
    )
    for (const line of [...problems, ...notes]) say(shell, `  ${plain(line)}`)
  }
  const variables = outcomes.flatMap(({ result, variables: needed }) => (result === 'added' ? needed : []))
  if (variables.length > 0) {
    say(shell, '\nSet these where the gateway starts; the values stand in the file that was imported and nowhere else:')
    for (const { name, what } of variables) say(shell, `  ${name}  ${plain(what)}`)
  }
  if (target !== undefined)
    say(shell, `\nNothing of these servers is allowed to anybody before a rule in ${plain(basename(target))} says so.`)
}
