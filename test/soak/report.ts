import type { Measured } from './gateway-process.ts'
import type { Soaked } from './run.ts'

export interface Verdict {
  readonly promise: string
  readonly held: boolean
  readonly found: string
}

/** How much more memory than after the first calls there may be at the end. */
const MOST_GROWTH = 0.1

export function toVerdicts({ wrong, leaks, warm, alone, before, left, ...soaked }: Soaked): readonly Verdict[] {
  const growth = (alone.rssBytes - warm.rssBytes) / warm.rssBytes
  const open = Object.entries(left).filter(([, count]) => count !== 0)
  const more = alone.open.children.length - before.open.children.length
  return [
    { promise: 'every answer is right', held: wrong.length === 0, found: few(wrong) },
    { promise: "no client hears of another's canary", held: leaks.length === 0, found: few(leaks) },
    { promise: 'memory returns to within 10 %', held: growth <= MOST_GROWTH, found: `${(growth * 100).toFixed(1)} %` },
    {
      promise: 'no session, stream or call is left',
      held: open.length === 0,
      found: few(open.map(([name, count]) => `${count} ${name}`)),
    },
    { promise: 'no process was started beside the declared', held: more === 0, found: `${more}` },
    {
      promise: 'no process outlives the gateway',
      held: soaked.orphans.length === 0,
      found: `${soaked.orphans.length}`,
    },
    {
      promise: 'no session is left downstream',
      held: soaked.downstreamSessions === 0,
      found: `${soaked.downstreamSessions}`,
    },
  ]
}

const few = (found: readonly string[]): string =>
  found.length === 0 ? '0' : `${found.length}, such as ${found.slice(0, 3).join('; ')}`

export function toTable(soaked: Soaked, verdicts: readonly Verdict[]): string {
  const { calls, clients, seconds, before, warm, after, alone } = soaked
  const rows = [
    ['before', before],
    ['after the first calls', warm],
    ['after all calls', after],
    ['without clients', alone],
  ] as const
  return `${[
    `${calls} calls from ${clients} clients in ${seconds.toFixed(1)} s: ${Math.round(calls / seconds)} a second`,
    '',
    '| | RSS | heap | sockets | processes |',
    '|---|---|---|---|---|',
    ...rows.map(([name, measured]) => `| ${name} | ${toCells(measured)} |`),
    '',
    '| promise | held | found |',
    '|---|---|---|',
    ...verdicts.map(({ promise, held, found }) => `| ${promise} | ${held ? 'yes' : 'NO'} | ${found} |`),
  ].join('\n')}\n`
}

const toCells = ({ rssBytes, heapBytes, open }: Measured): string =>
  [megabytes(rssBytes), megabytes(heapBytes), open.sockets, open.children.length].join(' | ')

const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`
