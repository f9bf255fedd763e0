import type { CallFigures } from './calls.ts'
import type { ListFigures } from './lists.ts'
import type { PolicyFigures } from './policy.ts'
import type { Figures } from './run.ts'
import type { StartupFigures } from './startup.ts'
import { BARE, DIRECT, GATEHOUSE, PEERS } from './ways.ts'

/** A goal and whether this run reached it. */
export interface Goal {
  readonly goal: string
  readonly measured: string
  readonly reached: boolean
}

export function toGoals({ calls, lists, policy, startup, memory }: Figures): readonly Goal[] {
  const listed = lists
    .filter(({ tools }) => tools >= 1_000)
    .map(({ tools, ratio }) =>
      toGoal(`tools/list of ${tools} tools at most 0.4 × direct`, `${ratio.toFixed(2)} ×`, ratio <= 0.4),
    )
  return [
    ...callGoals(calls),
    ...listed,
    ...policy.decisions
      .filter(({ rules }) => rules === 1_000)
      .map(({ decisionsPerSecond }) =>
        toGoal(
          'decide above 500,000 a second with 1,000 rules',
          decisionsPerSecond.toLocaleString('en'),
          decisionsPerSecond > 500_000,
        ),
      ),
    toGoal('replay of 100,000 calls below 2 s', `${policy.replayMs} ms`, policy.replayMs < 2_000),
    toGoal('plan of 1,000 tools × 50 agents below 100 ms', `${policy.planMs} ms`, policy.planMs < 100),
    toGoal(
      'policy, limits and audit add less than 0.2 ms to the p50 of a call',
      `${policy.governance.addedP50Ms} ms`,
      policy.governance.addedP50Ms < 0.2,
    ),
    ...startupGoals(startup),
    ...memoryGoal('RSS after the calls at most 130 MB', memory.afterCalls),
    ...memoryGoal('RSS with 5,000 tools after their lists at most 130 MB', memory.with5000ToolsAfterLists),
  ]
}

/** Ratios within this run. */
function callGoals(calls: readonly CallFigures[]): readonly Goal[] {
  const of = (names: readonly string[], concurrency: number): readonly CallFigures[] =>
    calls.filter(({ way, concurrency: at }) => at === concurrency && names.includes(way))
  const speed = (figures: readonly CallFigures[]): number => Math.max(...figures.map((one) => one.callsPerSecond))
  const bare = speed(of([BARE], 64))
  const peers = of(PEERS, 64)
  return of([GATEHOUSE], 64).flatMap((own) => {
    const { era, callsPerSecond, cpuMicroseconds: cpu = 0 } = own
    const share = callsPerSecond / bare
    const alone = of([GATEHOUSE], 1).find((one) => one.era === era)
    const straight = of([DIRECT], 1).find((one) => one.era === era)
    const slower = (alone?.p50 ?? 0) / (straight?.p50 ?? 1)
    const times = callsPerSecond / speed(peers)
    return [
      toGoal(`calls/s at 64 at least 0.60 of the bare proxy: ${era}`, share.toFixed(2), share >= 0.6),
      toGoal(`p50 at 1 at most 3 × direct: ${era}`, `${slower.toFixed(2)} ×`, slower <= 3),
      toGoal(`CPU of a call at 64 at most 200 µs: ${era}`, `${cpu} µs`, cpu <= 200),
      ...(peers.length === 0
        ? []
        : [toGoal(`calls/s at 64 at least 7 × the best peer: ${era}`, `${times.toFixed(1)} ×`, times >= 7)]),
    ]
  })
}

/** The middle of several starts. */
const startupGoals = ({ ways }: StartupFigures): readonly Goal[] =>
  ways.map(({ way, ms }) => toGoal(`first tools/list at most 500 ms after the start: ${way}`, `${ms} ms`, ms <= 500))

const memoryGoal = (goal: string, resident: number | undefined): readonly Goal[] =>
  resident === undefined ? [] : [toGoal(goal, `${resident} MB`, resident <= 130)]

const toGoal = (goal: string, measured: string, reached: boolean): Goal => ({ goal, measured, reached })

/** Start-up alone, as Markdown tables. */
export const startupMarkdown = (startup: StartupFigures): string =>
  [section(['part', 'figure'], startupRows(startup)), goalTable(startupGoals(startup))].join('\n')

/** The figures as Markdown tables. */
export function toMarkdown(figures: Figures, goals: readonly Goal[]): string {
  const { policy, audit, startup, memory } = figures
  return [
    section(
      ['way', 'era', 'at a time', 'calls/s', 'slowest to fastest', 'p50 ms', 'p99 ms', 'of bare', 'CPU/call'],
      rowsOf(figures.calls),
    ),
    section(['tools/list of', 'direct p50', 'gateway p50', 'ratio', 'pages'], figures.lists.map(toListRow)),
    section(
      ['part', 'figure'],
      [
        ...policyRows(policy),
        ['durable audit appends, 64 under way', `${audit.appendsPerSecond.toLocaleString('en')} a second`],
        ['durable audit append alone, p50', `${audit.aloneP50Ms} ms`],
        ...startupRows(startup),
        [
          'RSS with 5,000 tools: connected, after its lists',
          `${memory.with5000Tools}, ${memory.with5000ToolsAfterLists} MB`,
        ],
        [
          `RSS with 22 servers, idle and after all calls${memory.calls > 0 ? ` and ${memory.calls.toLocaleString('en')} more` : ''}`,
          `${memory.idle}, ${memory.afterCalls} MB`,
        ],
      ],
    ),
    goalTable(goals),
  ].join('\n')
}

const goalTable = (goals: readonly Goal[]): string =>
  section(
    ['goal', 'measured', 'reached'],
    goals.map(({ goal, measured, reached }) => [goal, measured, reached ? 'yes' : 'no']),
  )

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
    const { way, era, concurrency, callsPerSecond, spread, p50, p99, cpuMicroseconds } = figure
    const bare = calls.find((one) => one.way === BARE && one.concurrency === concurrency)?.callsPerSecond ?? 0
    return [
      way,
      era,
      String(concurrency),
      callsPerSecond.toLocaleString('en'),
      spread.map((speed) => speed.toLocaleString('en')).join(' – '),
      p50.toFixed(2),
      p99.toFixed(2),
      `${(callsPerSecond / bare).toFixed(2)} ×`,
      cpuMicroseconds === undefined ? '' : `${cpuMicroseconds} µs`,
    ]
  })
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
