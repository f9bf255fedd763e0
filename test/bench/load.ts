import { performance } from 'node:perf_hooks'
import { Pool } from 'undici'

export interface Target {
  readonly name: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

export interface Measured {
  readonly callsPerSecond: number
  readonly p50: number
  readonly p99: number
}

/** Sends the same request over and over, `concurrency` at a time, for `seconds`. Latencies are milliseconds. */
export async function measure(
  target: Target,
  body: string,
  { concurrency, seconds }: { readonly concurrency: number; readonly seconds: number },
): Promise<Measured> {
  const url = new URL(target.url)
  const pool = new Pool(url.origin, { connections: concurrency, pipelining: 1 })
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...target.headers,
  }
  const send = async (): Promise<number> => {
    const startedAt = performance.now()
    const response = await pool.request({ path: url.pathname, method: 'POST', headers, body })
    const text = await response.body.text()
    if (response.statusCode !== 200 || text.includes('"error"') || text.includes('"isError":true')) {
      throw new Error(`${target.name} answered ${response.statusCode}: ${text.slice(0, 300)}`)
    }
    return performance.now() - startedAt
  }
  for (let warm = 0; warm < 20; warm++) await send()
  const latencies: number[] = []
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  const worker = async (): Promise<void> => {
    while (performance.now() < endsAt) latencies.push(await send())
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  const elapsed = performance.now() - startedAt
  await pool.close()
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { callsPerSecond: (latencies.length / elapsed) * 1_000, p50: at(0.5), p99: at(0.99) }
}

/** The middle of several rounds, figure by figure. */
export function median(rounds: readonly Measured[]): Measured {
  const middle = (pick: (round: Measured) => number): number =>
    rounds.map(pick).toSorted((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? 0
  return { callsPerSecond: middle((r) => r.callsPerSecond), p50: middle((r) => r.p50), p99: middle((r) => r.p99) }
}
