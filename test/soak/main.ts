import { parseArgs } from 'node:util'
import { build } from '../bench/processes.ts'
import { toTable as toLongTable, toVerdicts as toLongVerdicts } from './long/report.ts'
import { longSoak } from './long/run.ts'
import { toTable, toVerdicts, type Verdict } from './report.ts'
import { soak } from './run.ts'

const HELP = `Many calls from many clients of both eras through one gateway: nobody gets another's answer, and nothing is left.

  npm run soak                                 10,000 calls from 50 clients
  npm run soak -- --calls 1000 --clients 10
  npm run soak -- --long                       half load for 30 minutes, 20 servers of which two flap
  npm run soak -- --long --minutes 3 --rate 500 --seed 7
  npm run soak -- --json                       one JSON document on stdout

The gateway has a process of its own; in the short soak its memory is measured after a collection. The long one runs the
compiled product as it is published (--dist takes another folder than dist, as it is), and finds half load by itself where
no --rate is given. Exit code 1 when something is not held.
`

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '50' },
    long: { type: 'boolean', default: false },
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string' },
    seed: { type: 'string', default: '1' },
    dist: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function short(): Promise<Told> {
  const soaked = await soak({ calls: Number(values.calls), clients: Number(values.clients) }, say)
  const verdicts = toVerdicts(soaked)
  return { soaked, verdicts, table: toTable(soaked, verdicts) }
}

async function long(): Promise<Told> {
  const soaked = await longSoak({
    dist: values.dist ?? (await build()),
    minutes: Number(values.minutes),
    rate: values.rate === undefined ? undefined : Number(values.rate),
    seed: Number(values.seed),
    say,
  })
  const verdicts = toLongVerdicts(soaked)
  return { soaked, verdicts, table: toLongTable(soaked, verdicts) }
}

interface Told {
  readonly soaked: object
  readonly verdicts: readonly Verdict[]
  readonly table: string
}

async function main(): Promise<void> {
  const { soaked, verdicts, table } = await (values.long ? long() : short())
  process.stdout.write(values.json ? `${JSON.stringify({ ...soaked, verdicts })}\n` : table)
  process.exitCode = verdicts.every(({ held }) => held) ? 0 : 1
}

if (values.help) process.stdout.write(HELP)
else await main()
