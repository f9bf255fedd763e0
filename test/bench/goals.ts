import type { CallFigures } from './calls.ts'
import type { PolicyFigures } from './policy.ts'
import type { Figures } from './run.ts'
import type { StartupFigures } from './startup.ts'
import { BARE, CLUSTER, DIRECT, GATEHOUSE, PEERS, WORKERS } from './ways.ts'

/** A goal and whether this run reached it. */
export interface Goal {
  readonly goal: string
  readonly measured: string
  /** Undefined where this machine cannot show it. */
  readonly reached?: boolean
}

/** Processors that two workers, the load and the server need to run beside each other. */
export const ROOMY = WORKERS + 2

/** Of what was measured. */
export const toGoals = (
  { calls = [], lists = [], policy, startup, memory }: Figures,
  cores: number,
): readonly Goal[] => [
  ...callGoals(calls),
  ...clusterGoals(calls, cores),
  ...lists
    .filter(({ tools }) => tools >= 1_000)
    .map(({ tools, ratio }) =>
      toGoal(`tools/list of ${tools} tools at most 0.4 × direct`, `${ratio.toFixed(2)} ×`, ratio <= 0.4),
    ),
  ...(policy ? policyGoals(policy) : []),
  ...(startup ? startupGoals(startup) : []),
  ...memoryGoal('RSS after the calls at most 130 MB', memory.afterCalls),
  ...memoryGoal('RSS with 5,000 tools after their lists at most 130 MB', memory.with5000ToolsAfterLists),
]

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

/** Two workers against one process. Where the load has no processor of its own only the CPU says something. */
const clusterGoals = (calls: readonly CallFigures[], cores: number): readonly Goal[] =>
  calls
    .filter(({ way, concurrency }) => way === CLUSTER && concurrency === 64)
    .flatMap((both) => {
      const one = calls.find(({ way, era, concurrency }) => way === GATEHOUSE && era === both.era && concurrency === 64)
      if (!one) return []
      const times = both.callsPerSecond / one.callsPerSecond
      const goal = `${WORKERS} workers at least 1.5 × the calls/s of one process: ${both.era}`
      const byCpu =
        one.cpuMicroseconds === undefined || both.cpuMicroseconds === undefined
          ? ''
          : `, CPU a call ${(both.cpuMicroseconds / one.cpuMicroseconds).toFixed(2)} ×, of the busiest ${((both.busiestMicroseconds ?? 0) / one.cpuMicroseconds).toFixed(2)} ×`
      const measured = `${times.toFixed(2)} ×${byCpu}`
      return [cores < ROOMY ? { goal, measured } : toGoal(goal, measured, times >= 1.5)]
    })

const policyGoals = (policy: PolicyFigures): readonly Goal[] => [
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
]

/** The middle of several starts. */
const startupGoals = ({ ways }: StartupFigures): readonly Goal[] =>
  ways.map(({ way, ms }) => toGoal(`first tools/list at most 500 ms after the start: ${way}`, `${ms} ms`, ms <= 500))

const memoryGoal = (goal: string, resident: number | undefined): readonly Goal[] =>
  resident === undefined ? [] : [toGoal(goal, `${resident} MB`, resident <= 130)]

const toGoal = (goal: string, measured: string, reached: boolean): Goal => ({ goal, measured, reached })
