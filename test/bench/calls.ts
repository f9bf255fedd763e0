import { inTurns, measure, type Measured, middle } from './load.ts'
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
  setup.say('calls: warming up')
  for (const way of ways) await runRound(setup, way, 32)
  for (const concurrency of CONCURRENCIES) {
    const rounds = await inTurns(ways, setup.rounds, (way, round) => {
      if (way === ways[0]) setup.say(`calls, ${concurrency} at a time: round ${round + 1} of ${setup.rounds}`)
      return runRound(setup, way, concurrency)
    })
    figures.push(...ways.map((way, index) => toFigures(way, concurrency, rounds[index] ?? [])))
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
  const call = (name: string, field: string): ToolCall => ({ name, arguments: { [field]: 'gatehouse '.repeat(8) } })
  const direct = (downstream: string, url: string, era: Era, [tool, field]: Tool): Way => ({
    downstream,
    way: 'direct',
    era,
    open: (concurrency) => caller({ url, era }, call(tool, field), concurrency),
  })
  const through = (downstream: string, connection: string, era: Era, [tool, field]: Tool): Way => ({
    downstream,
    way: 'gateway',
    era,
    open: (concurrency) =>
      caller({ url: gateway.url, era, key: gateway.key }, call(`conn__${connection}__${tool}`, field), concurrency),
  })
  const eras = ['legacy', 'modern'] as const
  const stdio = 'everything, stdio'
  return [
    ...eras.map((era) => direct(QUICK, synthetic, era, QUICK_READ)),
    ...eras.map((era) => through(QUICK, 'quick', era, QUICK_READ)),
    direct(WRITING, synthetic, 'modern', QUICK_WRITE),
    through(WRITING, 'quick', 'modern', QUICK_WRITE),
    direct(REFERENCE, everything, 'legacy', REFERENCE_READ),
    ...eras.map((era) => through(REFERENCE, 'everything', era, REFERENCE_READ)),
    { downstream: stdio, way: 'direct', era: 'legacy', open: () => stdioCaller(call(...REFERENCE_READ)) },
    ...eras.map((era) => through(stdio, 'local', era, REFERENCE_READ)),
  ]
}

/** A tool and the argument that holds the text. */
type Tool = readonly [name: string, field: string]

const QUICK_READ: Tool = ['echo', 'text']
const QUICK_WRITE: Tool = ['update_record_1', 'text']
const REFERENCE_READ: Tool = ['echo', 'message']

const QUICK = 'synthetic, HTTP'
/** The same server; the audit log has the intent on the disk before the call is sent. */
const WRITING = 'synthetic, HTTP, write'
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
