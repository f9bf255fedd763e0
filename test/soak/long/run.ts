import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { residentMb } from '../../bench/processes.ts'
import { type Caller, openCaller, type Question } from './caller.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type Served, serve } from './gateway.ts'
import { fullLoad, type Heard, paced, plan } from './load.ts'
import { flap } from './schedule.ts'
import { type Failures, failureCount, times } from './tally.ts'

export interface LongOptions {
  /** Folder of the compiled product. */
  readonly dist: string
  readonly minutes: number
  /** Calls a second; left out, half of what the gateway carries here and now. */
  readonly rate: number | undefined
  readonly seed: number
  readonly say: (text: string) => void
}

export interface Minute {
  readonly calls: number
  /** Of calls of steady connections and of lists, milliseconds. */
  readonly p50: number
  readonly p99: number
  readonly slowest: number
  /** How late the asking program itself was at worst, milliseconds. */
  readonly late: number
  /** Of the gateway at the end of the minute, MB. */
  readonly rssMb: number | undefined
  readonly failures: Failures
}

/** Of a time in which a flapping server was well. */
export interface Recovery {
  readonly connection: string
  /** How long it was well, milliseconds. */
  readonly upMs: number
  /** From its beginning to the first good answer, milliseconds; undefined when there was none. */
  readonly firstAnswerMs: number | undefined
}

export interface LongSoaked {
  readonly minutes: readonly Minute[]
  /** Calls a second. */
  readonly fullLoad: number
  readonly rate: number
  readonly seed: number
  readonly calls: number
  /** Of the gateway every five seconds, MB. */
  readonly rss: readonly { readonly atMinute: number; readonly mb: number }[]
  /** What lived in the gateway's heap after a collection, before and after all minutes, MB. */
  readonly live: { readonly before: number; readonly after: number }
  readonly failures: Failures
  readonly flapping: readonly string[]
  /** Examples of what went wrong outside the flapping connections, and of wrong answers anywhere. */
  readonly examples: readonly string[]
  readonly recoveries: readonly Recovery[]
  /** Questions that could not be asked: too many had no answer. */
  readonly skipped: number
  readonly logged: readonly string[]
  readonly exitCode: number | null
  readonly audit: { readonly code: number | null; readonly text: string }
}

/** Starts everything, loads it for so many minutes, and leaves nothing behind. */
export async function longSoak(options: LongOptions): Promise<LongSoaked> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-soak-'))
  const fleet = await startFleet(folder)
  try {
    options.say('starting the gateway')
    const gateway = await serve(options.dist, folder, fleet.connections)
    const soaked = await measured(options, fleet, gateway).catch(async (error: unknown) => {
      await gateway.stop()
      throw error
    })
    const exitCode = await gateway.stop()
    return { ...soaked, logged: gateway.logged, exitCode, audit: await gateway.verifyAudit() }
  } finally {
    await fleet.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

type Figures = Omit<LongSoaked, 'logged' | 'exitCode' | 'audit'>

const FULL_LOAD = { concurrency: 64, seconds: 15 }
const MINUTE_MS = 60_000

async function measured(options: LongOptions, fleet: Fleet, gateway: Served): Promise<Figures> {
  const { say, seed, minutes } = options
  const eras = ['legacy', 'modern'] as const
  const callers = await Promise.all(gateway.keys.flatMap((key) => eras.map((era) => openCaller(gateway.url, key, era))))
  // Also where the rate is told: what is compiled and kept with the first calls is no growth.
  const full = await findFullLoad(callers, fleet, say)
  const rate = options.rate ?? Math.round(full / 2)
  const before = await gateway.liveHeapMb()
  say(`${rate} calls a second for ${minutes} minutes`)
  const watched = watch(fleet, gateway.pid, say)
  const end = AbortSignal.timeout(minutes * MINUTE_MS)
  const all = plan(callers, [...fleet.stable, ...fleet.flapping.map(({ connection }) => connection)])
  const [skipped, ...ups] = await Promise.all([
    paced(all, { rate, signal: end, late: watched.late }, watched.heard),
    ...fleet.flapping.map((server, index) => flap(server, seed + index, end)),
  ])
  watched.stop()
  const live = { before, after: await gateway.liveHeapMb() }
  await Promise.all(callers.map((caller) => caller.close()))
  const recoveries = ups.flat().map(({ connection, from, until }) => ({
    connection,
    upMs: until - from,
    firstAnswerMs: watched.answeredAfter(connection, from, until),
  }))
  const flapping = fleet.flapping.map(({ connection }) => connection)
  return { ...watched.read(), live, fullLoad: full, rate, seed, flapping, recoveries, skipped }
}

async function findFullLoad(callers: readonly Caller[], { stable }: Fleet, say: (text: string) => void) {
  const { concurrency, seconds } = FULL_LOAD
  say(`finding full load: ${concurrency} at a time for ${seconds} s`)
  const full = await fullLoad(plan(callers, stable), concurrency, seconds)
  say(`${Math.round(full)} calls a second`)
  return full
}

const SAMPLE_MS = 5_000
const MOST_EXAMPLES = 20

/** Everything that is counted while the load runs. */
function watch(fleet: Fleet, pid: number, say: (text: string) => void) {
  const startedAt = performance.now()
  const flapping = new Map(fleet.flapping.map(({ connection }) => [connection, [] as number[]]))
  const [rss, examples, minutes] = [[] as { atMinute: number; mb: number }[], [] as string[], [] as Minute[]]
  const failures = failureCount()
  let calls = 0
  let minute = newMinute()
  const heard: Heard = (question, { kind, detail = '' }, ms) => {
    const { connection } = question
    const good = connection === undefined ? undefined : flapping.get(connection)
    calls += 1
    minute.calls += 1
    if (!good) minute.times.add(ms)
    if (kind === 'ok') {
      good?.push(performance.now())
      return
    }
    for (const count of [failures, minute.failures]) count.add(connection ?? 'tools/list', kind)
    if ((!good || kind === 'wrong') && examples.length < MOST_EXAMPLES) examples.push(about(question, kind, detail))
  }
  const sampling = setInterval(() => {
    const mb = residentMb(pid)
    if (mb !== undefined) rss.push({ atMinute: (performance.now() - startedAt) / MINUTE_MS, mb })
  }, SAMPLE_MS)
  const each = setInterval(() => {
    minutes.push(toMinute(minute, residentMb(pid)))
    minute = newMinute()
    say(toLine(minutes))
  }, MINUTE_MS)
  return {
    heard,
    late: (ms: number): void => void (minute.late = Math.max(minute.late, ms)),
    stop() {
      clearInterval(sampling)
      clearInterval(each)
      // What is left of the last minute is one of its own only when it is long enough for a p99.
      if (minute.calls > 1_000) minutes.push(toMinute(minute, residentMb(pid)))
    },
    answeredAfter(connection: string, from: number, until: number): number | undefined {
      const first = flapping.get(connection)?.find((at) => at > from && at < until)
      return first === undefined ? undefined : first - from
    },
    read: () => ({ minutes, rss, examples, failures: failures.read(), calls }),
  }
}

const newMinute = () => ({ calls: 0, late: 0, times: times(), failures: failureCount() })

const toMinute = (
  { calls, late, times: took, failures }: ReturnType<typeof newMinute>,
  rssMb: number | undefined,
): Minute => ({
  calls,
  p50: took.at(0.5),
  p99: took.at(0.99),
  slowest: took.at(1),
  late,
  rssMb,
  failures: failures.read(),
})

const about = ({ connection = 'tools/list', tool, text }: Question, kind: string, detail: string): string =>
  `${connection} ${tool} (${text}): ${kind} ${detail}`.slice(0, 500)

function toLine(minutes: readonly Minute[]): string {
  const { calls = 0, p50 = 0, p99 = 0, rssMb = 0, failures = {} } = minutes.at(-1) ?? {}
  const speed = `${Math.round(calls / 60)} calls/s`
  const failed = Object.entries(failures).map(([connection, kinds]) => `${connection} ${JSON.stringify(kinds)}`)
  return `minute ${minutes.length}: ${speed}, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, RSS ${rssMb} MB, failed: ${failed.join(' ') || 'none'}`
}
