import { type Command, Option } from 'commander'
import type { Page } from '../../admin/page.ts'
import type { AuditRecord } from '../../kernel/audit.ts'
import {
  type Cli,
  type CommonOptions,
  answeringCommand,
  command,
  configOption,
  pointInTime,
  wholeNumber,
} from '../command.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { type Cell, plain, say, sayJson, sayTable, toTime } from '../print.ts'
import { stopSignal } from '../signals.ts'
import type { Shell } from '../shell.ts'
import { auditCheckpointsCommand, auditVerifyCommand } from './audit-verify.ts'

/** What picks records, in `query` and in `export`; the names are those of the API. */
interface FilterOptions extends CommonOptions {
  readonly type?: string
  readonly principal?: string
  readonly agent?: string
  readonly user?: string
  readonly tool?: string
  readonly connection?: string
  readonly decision?: string
  readonly rule?: string
  readonly outcome?: string
  readonly code?: string
  readonly approval?: string
  readonly requestId?: string
  readonly trace?: string
  readonly text?: string
  readonly since?: number
  readonly until?: number
}

/** `audit tail|query|export|verify|checkpoints`. */
export const auditCommand = (cli: Cli): Command =>
  command(cli, 'audit', 'read and verify the audit log')
    .addCommand(tailCommand(cli))
    .addCommand(queryCommand(cli))
    .addCommand(exportCommand(cli))
    .addCommand(auditVerifyCommand(cli))
    .addCommand(auditCheckpointsCommand(cli))

const withFilter = (cli: Cli, made: Command): Command =>
  made
    .option('--type <type>', 'such as tool.call or agent.added')
    .option('--principal <id>', 'only this caller, as it stands in the records')
    .option('--agent <id>', 'only this agent')
    .option('--user <id>', 'only on behalf of this person')
    .option('--tool <id>', 'only this tool (canonical id)')
    .option('--connection <name>', 'only this connection')
    .addOption(new Option('--decision <decision>', 'only these').choices(['allow', 'deny']))
    .option('--rule <id>', 'only what this rule decided')
    .addOption(new Option('--outcome <outcome>', 'only these').choices(OUTCOMES))
    .option('--code <code>', 'only failures with this code')
    .option('--approval <id>', 'what became of this approval, and its calls')
    .option('--request-id <id>', 'only this request')
    .option('--trace <id>', 'only this trace (32 hex digits)')
    .option('--text <words>', 'anywhere in the record')
    .option('--since <time>', 'a duration such as 1h, or a date', pointInTime(cli.shell))
    .option('--until <time>', 'a duration such as 1h, or a date', pointInTime(cli.shell))

const OUTCOMES = ['ok', 'error', 'denied', 'unknown_tool', 'cancelled']

const queryCommand = (cli: Cli): Command =>
  withFilter(
    cli,
    answeringCommand(cli, 'query', 'find records, newest first', [
      'audit query --agent sidekick --decision deny --since 1h',
      'audit query --tool conn:files:write_file --json',
    ])
      .option('--limit <n>', 'at most this many', wholeNumber(1, 1000), 50)
      .option('--cursor <cursor>', 'go on where the page with this nextCursor ended'),
  ).action(async ({ config, json, ...query }: FilterOptions & { readonly limit: number; readonly cursor?: string }) => {
    const { shell } = cli
    const page = await withGateway(shell, { config }, (gateway) =>
      gateway.ask<Page<AuditRecord>>('GET', '/audit', { query: { ...query } }),
    )
    if (json === true) return sayJson(shell, page)
    if (page.items.length === 0) return say(shell, 'No records match.')
    sayTable(shell, ['SEQ', 'TIME', 'TYPE', 'AGENT', 'TOOL', 'WHAT', 'RULE', 'REASON'], page.items.map(toRow))
    if (page.nextCursor !== undefined) shell.stderr(`There are more: --cursor ${page.nextCursor}\n`)
  })

const exportCommand = (cli: Cli): Command =>
  withFilter(
    cli,
    command(cli, 'export', 'write all records that match, oldest first, as JSON lines or CSV', [
      'audit export --since 7d > audit.jsonl',
      'audit export --format csv --agent sidekick > audit.csv',
    ])
      .addOption(configOption())
      .addOption(new Option('--format <format>', 'how').choices(['jsonl', 'csv']).default('jsonl')),
  ).action(async ({ config, ...query }: Omit<FilterOptions, 'json'> & { readonly format: string }) => {
    const { shell } = cli
    await withGateway(shell, { config }, async (gateway) => {
      for await (const piece of gateway.text('/audit/export', { query: { ...query } })) {
        shell.stdout(piece)
        await shell.drained()
      }
    })
  })

const toRow = (record: AuditRecord): readonly Cell[] => {
  const what = record.outcome ?? record.decision ?? record.phase
  return [
    String(record.seq),
    toTime(record.at),
    record.type,
    record.agent ?? '',
    record.tool ?? record.connection ?? '',
    { text: what, tone: what === 'ok' ? 'good' : what === 'denied' || what === 'error' ? 'bad' : 'dim' },
    record.rule ?? '',
    record.reason ?? '',
  ]
}

const tailCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'tail', 'print the last records and every new one, until Ctrl-C', [
    'audit tail',
    'audit tail --last 100 --json | jq .tool',
  ])
    .option('--last <n>', 'begin with this many', wholeNumber(0, 1000), 10)
    .action(async ({ config, json, last }: CommonOptions & { last: number }) => {
      const { shell } = cli
      const print = (record: AuditRecord): void => say(shell, json === true ? JSON.stringify(record) : toLine(record))
      await withGateway(shell, { config }, async (gateway) => {
        if (gateway.isRunning) return follow(shell, gateway, last, print)
        const page = await gateway.ask<Page<AuditRecord>>('GET', '/audit', { query: { limit: Math.max(1, last) } })
        for (const record of page.items.toReversed()) print(record)
        shell.stderr('No gateway runs on this store, so nothing new will come.\n')
      })
    })

async function follow(
  shell: Shell,
  gateway: GatewayClient,
  last: number,
  print: (record: AuditRecord) => void,
): Promise<void> {
  const stop = stopSignal(shell)
  try {
    for await (const { event, data } of gateway.events('/audit/tail', { query: { last }, signal: stop.signal })) {
      if (event === 'record') print(JSON.parse(data) as AuditRecord)
    }
    shell.stderr('The gateway has ended.\n')
  } catch (error) {
    if (!stop.signal.aborted) throw error
  } finally {
    stop.dispose()
  }
}

const toLine = (record: AuditRecord): string =>
  plain(
    [
      toTime(record.at),
      record.type,
      record.principal,
      record.tool ?? record.connection,
      record.outcome ?? record.decision ?? record.phase,
      record.rule && `by ${record.rule}`,
      record.reason,
    ]
      .filter((part) => part !== undefined && part !== '')
      .join('  '),
  )
