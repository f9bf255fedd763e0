import { type Command, Argument } from 'commander'
import type { CallOutcome } from '../../admin/call.ts'
import { type Json, type JsonObject, isJsonObject } from '../../kernel/json.ts'
import { type Cli, type CommonOptions, answeringCommand, jsonObject } from '../command.ts'
import { withGateway } from '../gateway-client.ts'
import { plain, say, sayJson } from '../print.ts'

interface CallOptions extends CommonOptions {
  readonly agent: string
  readonly user?: string
}

/** `call`: one governed call, as the agent would make it. */
export const callCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'call', 'run one governed call as an agent and print the result', [
    'call conn:files:read_file \'{"path":"notes.txt"}\' --agent sidekick',
    'call conn__github__list_issues \'{"owner":"acme","repo":"site"}\' --agent sidekick --json',
  ])
    .argument('<tool>', 'canonical id or wire name')
    .addArgument(new Argument('[arguments]', 'a JSON object').argParser(jsonObject).default({}, 'none'))
    .requiredOption('--agent <id>', 'the agent that calls')
    .option('--user <id>', 'the user that it acts for')
    .action(async (tool: string, input: JsonObject, { config, json, agent, user }: CallOptions) => {
      const { shell } = cli
      const body = { agent, user, tool, arguments: input }
      const outcome = await withGateway(shell, { config, settle: true }, (gateway) =>
        gateway.ask<CallOutcome>('POST', '/call', { body }),
      )
      if (json === true) sayJson(shell, outcome)
      else say(shell, outcome.result.content.map(toText).join('\n'))
      cli.finish(outcome.result.isError === true ? 1 : 0)
    })

/** Content for people: text as it is, anything else by its kind. */
function toText(content: Json): string {
  if (!isJsonObject(content)) return ''
  const { type, text, mimeType, uri } = content
  if (typeof text === 'string') return plain(text)
  return plain(`[${[type, mimeType, uri].filter((part) => typeof part === 'string').join(' ')}]`)
}
