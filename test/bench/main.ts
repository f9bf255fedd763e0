import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from './processes.ts'
import { toGoals, toMarkdown } from './report.ts'
import { runBench } from './run.ts'

const HELP = `Measures the gateway against direct calls of the same servers, with policy, a rate limit and audit on.

  npm run bench                       tables as Markdown, in less than four minutes
  npm run bench -- --json             one JSON document on stdout
  npm run bench -- --quick            less than half a minute, rougher
  npm run bench -- --dist <folder>    measures this build instead of making one
  npm run bench -- --profile <folder> leaves a CPU profile of each gateway there

Compare ratios: absolute figures depend on the machine. The load comes from this process, the gateway and each downstream
server have their own; with two cores they share them.
`
const FULL = { rounds: 3, seconds: 1.5, listSeconds: 1 }
const QUICK = { rounds: 1, seconds: 0.2, listSeconds: 0.1 }

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    dist: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function bench(): Promise<void> {
  if (values.dist === undefined) say('building the product')
  const effort = values.quick ? QUICK : FULL
  const figures = await runBench({
    dist: values.dist ?? (await build()),
    gatewayArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    ...effort,
    say,
  })
  const goals = toGoals(figures)
  const machine = { node: process.version, cores: availableParallelism(), platform: process.platform }
  process.stdout.write(
    values.json ? `${JSON.stringify({ machine, effort, ...figures, goals })}\n` : `\n${toMarkdown(figures, goals)}`,
  )
}

if (values.help) process.stdout.write(HELP)
else await bench()
