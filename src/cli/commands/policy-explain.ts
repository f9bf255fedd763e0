import type { Command } from 'commander'
import type { PolicyAnswer } from '../../admin/policy-explain.ts'
import type { JsonObject } from '../../kernel/json.ts'
import type { Obligation } from '../../kernel/policy.ts'
import { type Cli, type CommonOptions, answeringCommand, jsonObject, pointInTime } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { paint, plain, say, sayJson, sayTable } from '../print.ts'
import type { Shell } from '../shell.ts'

interface ExplainOptions extends CommonOptions {
  readonly agent: string
  readonly user?: string
  readonly groups?: readonly string[]
  readonly tool: string
  readonly args: JsonObject
  readonly at?: number
  readonly seen?: readonly string[]
}

/** `policy explain`. */
export const explainCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'explain', 'say what the policy decides about a call, and why; nothing is called', [
    'policy explain --agent sidekick --tool conn:slack:post_message --args \'{"channel":"#general","text":"hi"}\'',
    'policy explain --agent sidekick --tool conn:files:write_file --at 2026-12-24T20:00:00Z --json',
  ])
    .requiredOption('--agent <id>', 'who calls')
    .requiredOption('--tool <id>', 'canonical id or wire name')
    .option('--args <json>', 'the arguments, a JSON object', jsonObject, {})
    .option('--user <id>', 'the user that the agent acts for')
    .option('--groups <names...>', 'more groups than the agent is registered with')
    .option('--at <time>', 'when: a date, or a duration ago', pointInTime(cli.shell))
    .option('--seen <labels...>', 'what the agent has seen before in its run')
    .action(async ({ config, json, args, ...question }: ExplainOptions) => {
      const { shell } = cli
      const body = { ...question, arguments: args }
      const answer = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<PolicyAnswer>('POST', '/policy/explain', { body }),
      )
      if (json === true) sayJson(shell, answer)
      else sayAnswer(shell, answer)
    })

function sayAnswer(shell: Shell, { decision, summary, forAgent, visible, obligations, rules }: PolicyAnswer): void {
  say(shell, `${paint(shell, decision === 'allow' ? 'good' : 'bad', decision)}: ${plain(summary)}`)
  if (!visible) say(shell, 'The agent does not see this tool: it hears of an unknown tool.')
  else if (forAgent !== undefined) say(shell, `The agent hears: ${plain(forAgent)}`)
  for (const obligation of obligations) say(shell, `  with ${toText(obligation)}`)
  if (rules.length === 0) return
  say(shell, '')
  sayTable(
    shell,
    ['RULE', 'EFFECT', 'MATCHED', 'WHY'],
    rules.map(({ rule, effect, matched, note }) => [
      rule,
      effect,
      matched ? { text: 'yes', tone: 'good' } : 'no',
      note,
    ]),
  )
}

function toText({ kind, rule, ...terms }: Obligation): string {
  const told = Object.entries(terms).map(
    ([name, value]) => `${name} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`,
  )
  return plain(`${kind} by ${rule}: ${told.join(', ')}`)
}
