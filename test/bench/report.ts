import type { AuditFigures } from './audit.ts'
import type { CallFigures } from './calls.ts'
import { type Goal, ROOMY } from './goals.ts'
import type { ListFigures } from './lists.ts'
import type { PolicyFigures } from './policy.ts'
import type { Figures } from './run.ts'
import type { StartupFigures } from './startup.ts'
import { BARE, CLUSTER, WORKERS } from './ways.ts'

/** What has to be known beside the figures. */
export function toRemarks({ calls = [], lists = [], absent }: Figures, machine: Machine): readonly string[] {
  const { cores, load, warmUpSeconds } = machine
  const clustered = calls.some(({ way }) => way === CLUSTER)
  return [
    ...absent,
    ...(calls.length + lists.length > 0
      ? [
          `Each way was loaded for ${warmUpSeconds} s before its rounds, 64 calls at a time or one list: that is not counted.`,
        ]
      : []),
    ...(clustered && cores < ROOMY
      ? [
          `${cores} processors have no room for ${WORKERS} workers beside the load and the server: calls/s with them are what is left, ` +
            'and what they would be with more processors is bounded by the CPU a call of the busiest process.',
        ]
      : []),
    `Load average of the machine at the end: ${(load[0] ?? 0).toFixed(1)}.`,
  ]
}

export interface Machine {
  readonly cores: number
  readonly load: readonly number[]
  readonly warmUpSeconds: number
}

/** The figures as Markdown tables. */
export function toMarkdown({ calls, lists, policy, audit, startup, memory }: Figures, goals: readonly Goal[]): string {
  const parts = [
    ...(policy ? policyRows(policy) : []),
    ...(audit ? auditRows(audit) : []),
    ...(startup ? startupRows(startup) : []),
    ...memoryRows(memory),
  ]
  return [
    ...(calls ? [section(CALL_HEAD, rowsOf(calls))] : []),
    ...(lists ? [section(['tools/list of', 'direct p50', 'gateway p50', 'ratio', 'pages'], lists.map(toListRow))] : []),
    ...(parts.length > 0 ? [section(['part', 'figure'], parts)] : []),
    ...(goals.length > 0 ? [goalTable(goals)] : []),
  ].join('\n')
}

const CALL_HEAD = [
  'way',
  'era',
  'at a time',
  'calls/s',
  'slowest to fastest',
  'p50 ms',
  'p99 ms',
  'of bare',
  'CPU/call',
]

const goalTable = (goals: readonly Goal[]): string =>
  section(
    ['goal', 'measured', 'reached'],
    goals.map(({ goal, measured, reached }) => [
      goal,
      measured,
      reached === undefined ? 'too few processors' : reached ? 'yes' : 'no',
    ]),
  )

const auditRows = ({ appendsPerSecond, aloneP50Ms }: AuditFigures): string[][] => [
  ['durable audit appends, 64 under way', `${appendsPerSecond.toLocaleString('en')} a second`],
  ['durable audit append alone, p50', `${aloneP50Ms} ms`],
]

function memoryRows(memory: Figures['memory']): string[][] {
  const more = memory.calls ? ` and ${memory.calls.toLocaleString('en')} more` : ''
  return [
    ['RSS with 5,000 tools: connected, after its lists', memory.with5000Tools, memory.with5000ToolsAfterLists],
    [`RSS with 22 servers, idle and after all calls${more}`, memory.idle, memory.afterCalls],
    [`the same of the owner and ${WORKERS} workers together`, memory.cluster, memory.clusterAfterCalls],
  ].flatMap(([part, before, after]) => (before === undefined ? [] : [[String(part), `${before}, ${after} MB`]]))
}

const policyRows = ({
  decisions,
  views,
  viewMicroseconds,
  replayMs,
  planMs,
  lintMs,
  governance,
}: PolicyFigures): string[][] => [
  ...decisions.map(({ rules, decisionsPerSecond, compileMs }) => [
    `decisions with ${rules.toLocaleString('en')} rules, compiling them`,
    `${decisionsPerSecond.toLocaleString('en')} a second, ${compileMs} ms`,
  ]),
  ...views.map(({ tools, firstMs }) => [
    `first view of ${tools.toLocaleString('en')} tools, 1,000 rules`,
    `${firstMs} ms`,
  ]),
  ['view of a principal like one seen before', `${viewMicroseconds} µs`],
  ['replay of 100,000 calls through two policies of 1,000 rules', `${replayMs} ms`],
  ['plan and lint of 1,000 rules, 1,000 tools, 50 agents', `${planMs} ms, ${lintMs} ms`],
  [
    'added to a call by 1,000 rules, limits, redaction and audit, p50, p99',
    `${governance.addedP50Ms}, ${governance.addedP99Ms} ms (a call without: ${governance.bareP50Ms} ms)`,
  ],
]

const startupRows = ({ ways, emptyMb }: StartupFigures): string[][] => [
  ...ways.map(({ way, ms, all, cpuMs }) => [
    `first tools/list after the start, server silent: ${way}`,
    `${ms} ms (${all.join(', ')})${cpuMs === undefined ? '' : `, CPU ${cpuMs} ms`}`,
  ]),
  ['RSS without connections', `${emptyMb} MB`],
]

function rowsOf(calls: readonly CallFigures[]): readonly (readonly string[])[] {
  return calls.map((figure) => {
    const { way, era, concurrency, callsPerSecond, spread, p50, p99 } = figure
    const bare = calls.find((one) => one.way === BARE && one.concurrency === concurrency)?.callsPerSecond ?? 0
    return [
      way,
      era,
      String(concurrency),
      callsPerSecond.toLocaleString('en'),
      spread.map((speed) => speed.toLocaleString('en')).join(' – '),
      p50.toFixed(2),
      p99.toFixed(2),
      bare === 0 ? '' : `${(callsPerSecond / bare).toFixed(2)} ×`,
      cpuText(figure),
    ]
  })
}

function cpuText({ cpuMicroseconds, busiestMicroseconds }: CallFigures): string {
  if (cpuMicroseconds === undefined) return ''
  return `${cpuMicroseconds} µs${busiestMicroseconds === undefined ? '' : `, busiest ${busiestMicroseconds} µs`}`
}

const toListRow = ({ tools, direct, gateway, ratio, pages }: ListFigures): readonly string[] => [
  tools.toLocaleString('en'),
  `${direct.toFixed(2)} ms`,
  `${gateway.toFixed(2)} ms`,
  `${ratio.toFixed(2)} ×`,
  `${pages.direct}, ${pages.gateway}`,
]

function section(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)))
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  return `${[line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n')}\n`
}
