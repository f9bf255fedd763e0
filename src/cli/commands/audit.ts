import { type Command, Option } from 'commander'
import type { Verification } from '../../admin/audit-reader.ts'
import type { Page } from '../../admin/page.ts'
import type { AuditRecord } from '../../kernel/audit.ts'
import { type Cli, type CommonOptions, answeringCommand, command, pointInTime, wholeNumber } from '../command.ts'
import { type GatewayClient, withGateway } from '../gateway-client.ts'
import { type Cell, paint, plain, say, sayJson, sayTable, toTime } from '../print.ts'
import { stopSignal } from '../signals.ts'
import type { Shell } from '../shell.ts'

interface QueryOptions extends CommonOptions {
  readonly limit: number
  readonly type?: string
  readonly agent?: string
  readonly tool?: string
  readonly connection?: string
  readonly text?: string
  readonly decision?: string
  readonly since?: number
  readonly until?: number
}

/** `audit tail|query|verify`. */
export const auditCommand = (cli: Cli): Command =>
  command(cli, 'audit', 'read and verify the audit log')
    .addCommand(tailCommand(cli))
    .addCommand(queryCommand(cli))
    .addCommand(verifyCommand(cli))

const queryCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'query', 'find records, newest first', [
    'audit query --agent sidekick --decision deny --since 1h',
    'audit query --tool conn:files:write_file --json',
  ])
    .option('--limit <n>', 'at most this many', wholeNumber(1, 1000), 50)
    .option('--type <type>', 'such as tool.call or agent.added')
    .option('--agent <id>', 'only this agent')
    .option('--tool <id>', 'only this tool (canonical id)')
    .option('--connection <name>', 'only this connection')
    .option('--text <words>', 'anywhere in the record')
    .addOption(new Option('--decision <decision>', 'only these').choices(['allow', 'deny']))
    .option('--since <time>', 'a duration such as 1h, or a date', pointInTime(cli.shell))
    .option('--until <time>', 'a duration such as 1h, or a date', pointInTime(cli.shell))
    .action(async ({ config, json, ...query }: QueryOptions) => {
      const { shell } = cli
      const page = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Page<AuditRecord>>('GET', '/audit', { query: { ...query } }),
      )
      if (json === true) return sayJson(shell, page)
      if (page.items.length === 0) return say(shell, 'No records match.')
      sayTable(shell, ['SEQ', 'TIME', 'TYPE', 'AGENT', 'TOOL', 'WHAT', 'RULE', 'REASON'], page.items.map(toRow))
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

const verifyCommand = (cli: Cli): Command =>
  answeringCommand(cli, 'verify', 'check that no record was changed or removed', ['audit verify']).action(
    async ({ config, json }: CommonOptions) => {
      const { shell } = cli
      const verdict = await withGateway(shell, { config }, (gateway) =>
        gateway.ask<Verification>('POST', '/audit/verify'),
      )
      if (json === true) sayJson(shell, verdict)
      else sayVerdict(shell, verdict)
      cli.finish(verdict.ok ? 0 : 1)
    },
  )

function sayVerdict(shell: Shell, verdict: Verification): void {
  const good = `${verdict.records} records in ${verdict.segments} files`
  if (verdict.ok) say(shell, `${paint(shell, 'good', 'ok')}: the chain holds: ${good}`)
  else
    say(
      shell,
      `${paint(shell, 'bad', 'not ok')}: ${verdict.file}, line ${verdict.line} (record ${verdict.seq}): ${plain(verdict.detail)}\nBefore it: ${good}.`,
    )
  for (const note of verdict.notes) say(shell, `note: ${plain(note)}`)
}
