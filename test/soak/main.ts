import { parseArgs } from 'node:util'
import { toTable, toVerdicts } from './report.ts'
import { soak } from './run.ts'

const HELP = `Many calls from many clients of both eras through one gateway: nobody gets another's answer, and nothing is left.

  npm run soak                                 10,000 calls from 50 clients
  npm run soak -- --calls 1000 --clients 10
  npm run soak -- --json                       one JSON document on stdout

The gateway has a process of its own, whose memory is measured after a collection. Exit code 1 when something is not held.
`

const { values } = parseArgs({
  options: {
    calls: { type: 'string', default: '10000' },
    clients: { type: 'string', default: '50' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function main(): Promise<void> {
  const size = { calls: Number(values.calls), clients: Number(values.clients) }
  const soaked = await soak(size, (text) => void process.stderr.write(`${text}\n`))
  const verdicts = toVerdicts(soaked)
  process.stdout.write(values.json ? `${JSON.stringify({ ...soaked, verdicts })}\n` : toTable(soaked, verdicts))
  process.exitCode = verdicts.every(({ held }) => held) ? 0 : 1
}

if (values.help) process.stdout.write(HELP)
else await main()
