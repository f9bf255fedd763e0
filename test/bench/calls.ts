import { measure, type Measured, middle } from './load.ts'
import { cpuSeconds } from './processes.ts'
import { caller, type Era, type Sender, type ToolCall } from './requests.ts'
import { stdioCaller } from './stdio-client.ts'

const CONCURRENCIES = [1, 32] as const

export interface CallFigures {
  readonly downstream: string
  readonly way: 'direct' | 'gateway'
  readonly era: Era
  readonly concurrency: number
  readonly callsPerSecond: number
  /** Milliseconds. */
  readonly p50: number
  readonly p99: number
  /** CPU of the gateway's process for each call, microseconds. */
  readonly cpuMicroseconds?: number
  /** What the gateway adds to the p50, as a multiple of the direct call's; and its calls per second as a share of direct's. */
  readonly addedP50?: number
  readonly throughput?: number
}

export interface CallsSetup {
  readonly gateway: { readonly url: string; readonly pid: number; readonly key: string }
  readonly synthetic: string
  readonly everything: string
  readonly rounds: number
  readonly seconds: number
  readonly say: (text: string) => void
}

interface Way {
  readonly downstream: string
  readonly way: 'direct' | 'gateway'
  readonly era: Era
  readonly open: (concurrency: number) => Promise<Sender>
}

type Round = Measured & { readonly cpu: number | undefined }

/** Calls the same tools directly and through the gateway, in turns, and gives the medians of the rounds. */
export async function benchCalls(setup: CallsSetup): Promise<readonly CallFigures[]> {
  const ways = toWays(setup)
  const figures: CallFigures[] = []
  for (const concurrency of CONCURRENCIES) {
    const rounds = new Map<Way, Round[]>(ways.map((way) => [way, []]))
    for (let round = 0; round <= setup.rounds; round++) {
      setup.say(`calls, ${concurrency} at a time: ${round === 0 ? 'warming up' : `round ${round} of ${setup.rounds}`}`)
      for (const way of ways) {
        const measured = await runRound(setup, way, concurrency)
        if (round > 0) rounds.get(way)?.push(measured)
      }
    }
    figures.push(...[...rounds].map(([way, measured]) => toFigures(way, concurrency, measured)))
  }
  return figures.map((figure) => compared(figure, figures))
}

async function runRound({ gateway, seconds }: CallsSetup, way: Way, concurrency: number): Promise<Round> {
  const sender = await way.open(concurrency)
  try {
    const before = cpuSeconds(gateway.pid)
    const measured = await measure(sender.send, { concurrency, seconds })
    const after = cpuSeconds(gateway.pid)
    const spent = before === undefined || after === undefined ? undefined : after - before
    return { ...measured, cpu: spent && (spent / (measured.calls + concurrency)) * 1e6 }
  } finally {
    await sender.close()
  }
}

function toWays({ gateway, synthetic, everything }: CallsSetup): readonly Way[] {
  const echo = (name: string, field: string): ToolCall => ({ name, arguments: { [field]: 'gatehouse '.repeat(8) } })
  const direct = (downstream: string, url: string, era: Era, field: string): Way => ({
    downstream,
    way: 'direct',
    era,
    open: (concurrency) => caller({ url, era }, echo('echo', field), concurrency),
  })
  const through = (downstream: string, connection: string, era: Era, field: string): Way => ({
    downstream,
    way: 'gateway',
    era,
    open: (concurrency) =>
      caller({ url: gateway.url, era, key: gateway.key }, echo(`conn__${connection}__echo`, field), concurrency),
  })
  const eras = ['legacy', 'modern'] as const
  const stdio = 'everything, stdio'
  return [
    ...eras.map((era) => direct(QUICK, synthetic, era, 'text')),
    ...eras.map((era) => through(QUICK, 'quick', era, 'text')),
    direct(REFERENCE, everything, 'legacy', 'message'),
    ...eras.map((era) => through(REFERENCE, 'everything', era, 'message')),
    { downstream: stdio, way: 'direct', era: 'legacy', open: () => stdioCaller(echo('echo', 'message')) },
    ...eras.map((era) => through(stdio, 'local', era, 'message')),
  ]
}

const QUICK = 'synthetic, HTTP'
const REFERENCE = 'everything, HTTP'

function toFigures({ downstream, way, era }: Way, concurrency: number, rounds: readonly Round[]): CallFigures {
  const cpu = rounds.flatMap((round) => (round.cpu === undefined ? [] : [round.cpu]))
  return {
    downstream,
    way,
    era,
    concurrency,
    callsPerSecond: Math.round(middle(rounds.map((round) => round.callsPerSecond))),
    p50: rounded(middle(rounds.map((round) => round.p50))),
    p99: rounded(middle(rounds.map((round) => round.p99))),
    ...(way === 'gateway' && cpu.length > 0 && { cpuMicroseconds: Math.round(middle(cpu)) }),
  }
}

/** A server that speaks the legacy era alone is compared with that, whatever the caller speaks. */
function compared(figure: CallFigures, all: readonly CallFigures[]): CallFigures {
  if (figure.way === 'direct') return figure
  const alike = all.filter(
    ({ way, downstream, concurrency }) =>
      way === 'direct' && downstream === figure.downstream && concurrency === figure.concurrency,
  )
  const direct = alike.find(({ era }) => era === figure.era) ?? alike[0]
  if (!direct) return figure
  return {
    ...figure,
    addedP50: rounded((figure.p50 - direct.p50) / direct.p50),
    throughput: rounded(figure.callsPerSecond / direct.callsPerSecond),
  }
}

export const rounded = (value: number): number => Math.round(value * 1_000) / 1_000
