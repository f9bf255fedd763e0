import type { CallFigures } from './calls.ts'
import type { ListFigures } from './lists.ts'
import type { PolicyFigures } from './policy.ts'
import type { Figures } from './run.ts'

/** A goal and whether this run reached it. */
export interface Goal {
  readonly goal: string
  readonly measured: string
  readonly reached: boolean
}

export function toGoals({ calls, lists, policy, memory }: Figures): readonly Goal[] {
  const added = calls
    .filter(({ way, concurrency }) => way === 'gateway' && concurrency === 1)
    .map(({ downstream, era, addedP50 = 0 }) =>
      toGoal(`added p50 below 1.0 × direct: ${downstream}, ${era}`, `${addedP50.toFixed(2)} ×`, addedP50 < 1),
    )
  const listed = lists
    .filter(({ tools }) => tools >= 1_000)
    .map(({ tools, ratio }) =>
      toGoal(`tools/list of ${tools} tools at most 0.4 × direct`, `${ratio.toFixed(2)} ×`, ratio <= 0.4),
    )
  const resident = memory.with5000ToolsAfterLists
  return [
    ...added,
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
    ...(resident === undefined ? [] : [toGoal('RSS below 150 MB with 5,000 tools', `${resident} MB`, resident < 150)]),
  ]
}

const toGoal = (goal: string, measured: string, reached: boolean): Goal => ({ goal, measured, reached })

/** The figures as Markdown tables. */
export function toMarkdown(figures: Figures, goals: readonly Goal[]): string {
  const { policy, audit, memory } = figures
  return [
    section(
      [
        'downstream',
        'way',
        'era',
        'at a time',
        'calls/s',
        'p50 ms',
        'p99 ms',
        'added p50',
        'calls/s of direct',
        'CPU/call',
      ],
      figures.calls.map(toCallRow),
    ),
    section(['tools/list of', 'direct p50', 'gateway p50', 'ratio', 'pages'], figures.lists.map(toListRow)),
    section(
      ['part', 'figure'],
      [
        ...policyRows(policy),
        ['durable audit appends, 64 under way', `${audit.appendsPerSecond.toLocaleString('en')} a second`],
        ['durable audit append alone, p50', `${audit.aloneP50Ms} ms`],
        [
          'RSS with 5,000 tools: connected, after its lists',
          `${memory.with5000Tools}, ${memory.with5000ToolsAfterLists} MB`,
        ],
        ['RSS after all calls (1,036 tools)', `${memory.afterCalls} MB`],
      ],
    ),
    section(
      ['goal', 'measured', 'reached'],
      goals.map(({ goal, measured, reached }) => [goal, measured, reached ? 'yes' : 'no']),
    ),
  ].join('\n')
}

const policyRows = ({ decisions, views, viewMicroseconds, replayMs, planMs, lintMs }: PolicyFigures): string[][] => [
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
]

function toCallRow(figure: CallFigures): readonly string[] {
  const { addedP50, throughput, cpuMicroseconds } = figure
  return [
    figure.downstream,
    figure.way,
    figure.era,
    String(figure.concurrency),
    figure.callsPerSecond.toLocaleString('en'),
    figure.p50.toFixed(2),
    figure.p99.toFixed(2),
    addedP50 === undefined ? '' : `${addedP50.toFixed(2)} ×`,
    throughput === undefined ? '' : `${throughput.toFixed(2)} ×`,
    cpuMicroseconds === undefined ? '' : `${cpuMicroseconds} µs`,
  ]
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
