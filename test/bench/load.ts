import { performance } from 'node:perf_hooks'

/** Sends one request and reads its whole answer; rejects when that is no success. */
export type Send = () => Promise<unknown>

export interface Measured {
  readonly callsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly calls: number
}

export interface Load {
  readonly concurrency: number
  readonly seconds: number
}

/** Sends the same request over and over, `concurrency` at a time, for `seconds`; a few before that do not count. */
export async function measure(send: Send, { concurrency, seconds }: Load): Promise<Measured> {
  await Promise.all(Array.from({ length: concurrency }, send))
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  const worker = async (): Promise<void> => {
    for (let from = performance.now(); from < endsAt; from = performance.now()) {
      await send()
      latencies.push(performance.now() - from)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const elapsed = performance.now() - startedAt
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return {
    callsPerSecond: (latencies.length / elapsed) * 1_000,
    p50: at(0.5),
    p99: at(0.99),
    calls: latencies.length,
  }
}

/** The middle of several rounds. */
export const middle = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

/** Runs each way once a round, so that whatever else the machine does meets all of them; gives the rounds of each way. */
export async function inTurns<Way, Round>(
  ways: readonly Way[],
  rounds: number,
  run: (way: Way, round: number) => Promise<Round>,
): Promise<readonly (readonly Round[])[]> {
  const done: Round[][] = ways.map(() => [])
  for (let round = 0; round < rounds; round++) {
    for (const [index, way] of ways.entries()) done[index]?.push(await run(way, round))
  }
  return done
}
