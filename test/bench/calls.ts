import { inTurns, type Load, type Measured, middle } from './load.ts'
import type { Job, Loader } from './loader.ts'
import { cpuSeconds } from './processes.ts'

const CONCURRENCIES = [1, 16, 64]
const WARM_UP = 64

/** One way to the same tool. */
export interface Way {
  readonly name: string
  readonly era: 'legacy' | 'modern'
  /** The processes that stand between caller and server; their CPU is counted together. */
  readonly pids?: readonly number[]
  /** How many calls at a time, where it is not 1, 16 and 64. */
  readonly concurrencies?: readonly number[]
  readonly job: Pick<Extract<Job, { calls: unknown }>, 'kind' | 'endpoint' | 'calls'>
}

export interface CallFigures {
  readonly way: string
  readonly era: Way['era']
  readonly concurrency: number
  readonly callsPerSecond: number
  /** The slowest and the fastest round. */
  readonly spread: readonly [number, number]
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU of what stands between for each call, by the process's own account, microseconds. */
  readonly cpuMicroseconds?: number
  /** The same of that process alone which used most, where there are several: what bounds calls/s on enough processors. */
  readonly busiestMicroseconds?: number
}

export interface CallsSetup {
  readonly ways: readonly Way[]
  readonly loader: Loader
  readonly rounds: number
  readonly seconds: number
  /** How long each way is loaded before the rounds, uncounted. */
  readonly warmUpSeconds: number
  readonly say: (text: string) => void
}

type Round = Measured & {
  /** Microseconds for each call, of each process. */
  readonly cpu: readonly number[]
}

/** Calls the same tool on every way, in turns, and gives the medians of the rounds. */
export async function benchCalls(setup: CallsSetup): Promise<readonly CallFigures[]> {
  const { ways, rounds, seconds, warmUpSeconds, say } = setup
  const figures: CallFigures[] = []
  for (const way of ways) {
    say(`calls: warming up ${way.name}, ${way.era}`)
    await runRound(setup, way, { concurrency: WARM_UP, seconds: warmUpSeconds })
  }
  for (const concurrency of CONCURRENCIES) {
    const those = ways.filter(({ concurrencies = CONCURRENCIES }) => concurrencies.includes(concurrency))
    const done = await inTurns(those, rounds, (way, round) => {
      if (way === those[0]) say(`calls, ${concurrency} at a time: round ${round + 1} of ${rounds}`)
      return runRound(setup, way, { concurrency, seconds })
    })
    figures.push(...those.map((way, index) => toFigures(way, concurrency, done[index] ?? [])))
  }
  return figures
}

async function runRound({ loader }: CallsSetup, { name, pids = [], job }: Way, load: Load): Promise<Round> {
  const before = pids.map(cpuSeconds)
  const measured = await loader.run({ ...job, ...load }).catch((cause: unknown) => {
    throw new Error(`${name}, ${load.concurrency} at a time, failed.`, { cause })
  })
  const cpu = pids.flatMap((pid, index) => {
    const [from, to] = [before[index], cpuSeconds(pid)]
    return from === undefined || to === undefined ? [] : [((to - from) / (measured.calls + load.concurrency)) * 1e6]
  })
  return { ...measured, cpu: cpu.length === pids.length ? cpu : [] }
}

function toFigures({ name, era }: Way, concurrency: number, rounds: readonly Round[]): CallFigures {
  const cpu = rounds.flatMap((round) => (round.cpu.length === 0 ? [] : [round.cpu]))
  const sums = cpu.map((shares) => shares.reduce((sum, share) => sum + share, 0))
  const busiest = cpu.filter(({ length }) => length > 1).map((shares) => Math.max(...shares))
  const speeds = rounds.map((round) => Math.round(round.callsPerSecond))
  return {
    way: name,
    era,
    concurrency,
    callsPerSecond: middle(speeds),
    spread: [Math.min(...speeds), Math.max(...speeds)],
    p50: rounded(middle(rounds.map((round) => round.p50))),
    p99: rounded(middle(rounds.map((round) => round.p99))),
    ...(sums.length > 0 && { cpuMicroseconds: Math.round(middle(sums)) }),
    ...(busiest.length > 0 && { busiestMicroseconds: Math.round(middle(busiest)) }),
  }
}

export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
