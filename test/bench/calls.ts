import { inTurns, type Measured, middle } from './load.ts'
import type { Job, Loader } from './loader.ts'
import { cpuSeconds } from './processes.ts'

const CONCURRENCIES = [1, 16, 64] as const

/** One way to the same tool. */
export interface Way {
  readonly name: string
  readonly era: 'legacy' | 'modern'
  /** What stands between caller and server; its CPU is counted. */
  readonly pid?: number | undefined
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
}

export interface CallsSetup {
  readonly ways: readonly Way[]
  readonly loader: Loader
  readonly rounds: number
  readonly seconds: number
  readonly say: (text: string) => void
}

type Round = Measured & { readonly cpu: number | undefined }

/** Calls the same tool on every way, in turns, and gives the medians of the rounds. */
export async function benchCalls(setup: CallsSetup): Promise<readonly CallFigures[]> {
  const { ways, rounds, say } = setup
  const figures: CallFigures[] = []
  say('calls: warming up')
  for (const way of ways) await runRound(setup, way, 64)
  for (const concurrency of CONCURRENCIES) {
    const done = await inTurns(ways, rounds, (way, round) => {
      if (way === ways[0]) say(`calls, ${concurrency} at a time: round ${round + 1} of ${rounds}`)
      return runRound(setup, way, concurrency)
    })
    figures.push(...ways.map((way, index) => toFigures(way, concurrency, done[index] ?? [])))
  }
  return figures
}

async function runRound({ loader, seconds }: CallsSetup, { name, pid, job }: Way, concurrency: number): Promise<Round> {
  const before = pid === undefined ? undefined : cpuSeconds(pid)
  const measured = await loader.run({ ...job, concurrency, seconds }).catch((cause: unknown) => {
    throw new Error(`${name}, ${concurrency} at a time, failed.`, { cause })
  })
  const after = pid === undefined ? undefined : cpuSeconds(pid)
  const spent = before === undefined || after === undefined ? undefined : after - before
  return { ...measured, cpu: spent && (spent / (measured.calls + concurrency)) * 1e6 }
}

function toFigures({ name, era }: Way, concurrency: number, rounds: readonly Round[]): CallFigures {
  const cpu = rounds.flatMap((round) => (round.cpu === undefined ? [] : [round.cpu]))
  const speeds = rounds.map((round) => Math.round(round.callsPerSecond))
  return {
    way: name,
    era,
    concurrency,
    callsPerSecond: middle(speeds),
    spread: [Math.min(...speeds), Math.max(...speeds)],
    p50: rounded(middle(rounds.map((round) => round.p50))),
    p99: rounded(middle(rounds.map((round) => round.p99))),
    ...(cpu.length > 0 && { cpuMicroseconds: Math.round(middle(cpu)) }),
  }
}

export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
