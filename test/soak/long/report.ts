import type { Verdict } from '../report.ts'
import type { LongSoaked, Minute } from './run.ts'
import { median } from './tally.ts'

const MOST_GROWTH = 0.1
/** A minute is as the others when its p99 is at most so many times that of the median minute, or below so many milliseconds. */
const MOST_TIMES = 3
const ALWAYS_FINE_MS = 10
/** What calls of a server that fails may end with. */
const DOCUMENTED: ReadonlySet<string> = new Set([
  'upstream_failed',
  'upstream_timeout',
  'connection_unusable',
  'overloaded',
])
/** A server that is well this long has answered, milliseconds. */
const RECOVERED_MS = 20_000

export function toVerdicts(soaked: LongSoaked): readonly Verdict[] {
  const { failures, flapping, examples, recoveries, skipped, logged, exitCode, audit } = soaked
  const others = Object.entries(failures).filter(([connection]) => !flapping.includes(connection))
  const wrong = Object.values(failures).reduce((sum, kinds) => sum + (kinds['wrong'] ?? 0), 0)
  const strange = flapping.flatMap((connection) =>
    Object.entries(failures[connection] ?? {}).filter(([kind]) => !DOCUMENTED.has(kind)),
  )
  const late = recoveries.filter(
    ({ upMs, firstAnswerMs = Infinity }) => upMs >= RECOVERED_MS && firstAnswerMs > RECOVERED_MS,
  )
  const slowest = Math.max(0, ...recoveries.map(({ firstAnswerMs = 0 }) => firstAnswerMs))
  return [
    memory(soaked),
    liveMemory(soaked),
    latency(soaked.minutes),
    { promise: 'no error outside the flapping connections', held: others.length === 0, found: told(others, examples) },
    { promise: 'every answer belongs to its question', held: wrong === 0, found: told(wrong, examples) },
    {
      promise: 'calls to flapping servers fail with documented codes only',
      held: strange.length === 0,
      found: strange.length === 0 ? codesOf(soaked) : JSON.stringify(strange),
    },
    {
      promise: `a server that is back answers within ${RECOVERED_MS / 1_000} s`,
      held: late.length === 0 && recoveries.some(({ firstAnswerMs }) => firstAnswerMs !== undefined),
      found: `${late.length} of ${recoveries.length} did not; the slowest took ${(slowest / 1_000).toFixed(1)} s`,
    },
    { promise: 'every question could be asked', held: skipped === 0, found: `${skipped} could not` },
    { promise: 'the gateway logs no error', held: logged.length === 0, found: told(logged.length, logged) },
    {
      promise: 'it ends in order, and its audit log verifies',
      held: exitCode === 0 && audit.code === 0,
      found: `exit code ${exitCode}; ${audit.text.split('\n')[0] ?? ''}`,
    },
  ]
}

/** Minutes 3 to 5 against the last three; in a short soak the second quarter against the last. */
function memory({ rss, minutes }: LongSoaked): Verdict {
  const all = minutes.length
  const [from, until, last] = all >= 8 ? [2, 5, all - 3] : [all / 4, all / 2, (all * 3) / 4]
  const between = (least: number, most: number): number =>
    median(rss.flatMap(({ atMinute, mb }) => (atMinute >= least && atMinute < most ? [mb] : [])))
  const [early, late] = [between(from, until), between(last, Infinity)]
  const growth = (late - early) / early
  return {
    promise: 'memory grows by at most 10 %',
    held: growth <= MOST_GROWTH,
    found: `${early} MB in minutes ${from}–${until}, ${late} MB after minute ${last}: ${(growth * 100).toFixed(1)} %`,
  }
}

/** What is not garbage: when this holds and the other does not, nothing leaks. */
function liveMemory({ live: { before, after } }: LongSoaked): Verdict {
  const growth = (after - before) / before
  return {
    promise: 'what lives in its heap after a collection grows by at most 10 %',
    held: growth <= MOST_GROWTH,
    found: `${before} MB before, ${after} MB after: ${(growth * 100).toFixed(1)} %`,
  }
}

function latency(minutes: readonly Minute[]): Verdict {
  const all = minutes.map(({ p99 }) => p99)
  const [usual, worst] = [median(all), Math.max(...all)]
  return {
    promise: `no minute's p99 is above ${MOST_TIMES} × the median minute's, or all are below ${ALWAYS_FINE_MS} ms`,
    held: worst <= Math.max(usual * MOST_TIMES, ALWAYS_FINE_MS),
    found: `${usual.toFixed(2)} ms usually, ${worst.toFixed(2)} ms in the worst minute`,
  }
}

const told = (found: number | readonly unknown[], examples: readonly string[]): string => {
  const count = typeof found === 'number' ? found : found.length
  return count === 0
    ? '0'
    : `${typeof found === 'number' ? count : JSON.stringify(found)}, such as ${examples.slice(0, 3).join('; ')}`
}

const codesOf = ({ failures, flapping }: LongSoaked): string =>
  flapping.map((connection) => `${connection} ${JSON.stringify(failures[connection] ?? {})}`).join(', ')

export function toTable(soaked: LongSoaked, verdicts: readonly Verdict[]): string {
  const { calls, minutes, rate, fullLoad, seed } = soaked
  return `${[
    `${calls} calls at ${rate} a second, where ${Math.round(fullLoad)} are full load, 20 downstream servers of which two flap (seed ${seed})`,
    '',
    '| minute | calls/s | p50 | p99 | slowest | asked late | RSS | failed |',
    '|---|---|---|---|---|---|---|---|',
    ...minutes.map((minute, index) => `| ${index + 1} | ${toCells(minute)} |`),
    '',
    '| promise | held | found |',
    '|---|---|---|',
    ...verdicts.map(({ promise, held, found }) => `| ${promise} | ${held ? 'yes' : 'NO'} | ${found} |`),
  ].join('\n')}\n`
}

function toCells({ calls, p50, p99, slowest, late, rssMb, failures }: Minute): string {
  const failed = Object.values(failures).reduce(
    (sum, kinds) => Object.values(kinds).reduce((more, count) => more + count, sum),
    0,
  )
  const milliseconds = [p50, p99, slowest, late].map((time) => `${time.toFixed(2)} ms`)
  return [Math.round(calls / 60), ...milliseconds, rssMb === undefined ? '' : `${rssMb} MB`, failed].join(' | ')
}
