import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { build } from './processes.ts'
import { toGoals, toMarkdown } from './report.ts'
import { runBench } from './run.ts'

const HELP = `Measures ways to the same tool side by side: direct, nginx, a bare proxy in Node, and Gatehouse with a key, 50 rules, a
rate limit and the audit log on, over HTTP and stdio, in both eras.

  npm run bench                       tables as Markdown, in about three minutes
  npm run bench -- --peers            with other gateways, which it installs into test/bench/peers
  npm run bench -- --full             longer rounds, and memory after 100,000 calls
  npm run bench -- --json             one JSON document on stdout
  npm run bench -- --quick            less than a minute, rougher
  npm run bench -- --dist <folder>    measures this build instead of making one
  npm run bench -- --profile <folder> leaves a CPU profile of each gateway there

Compare ratios: absolute figures depend on the machine. The load, each gateway and each server have processes of their own;
with two cores they share them.
`
const EFFORTS = {
  full: { rounds: 3, seconds: 3, listSeconds: 1 },
  usual: { rounds: 3, seconds: 0.8, listSeconds: 0.5 },
  quick: { rounds: 1, seconds: 0.2, listSeconds: 0.1 },
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    dist: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

async function bench(): Promise<void> {
  if (values.dist === undefined) say('building the product')
  const effort = EFFORTS[values.quick ? 'quick' : values.full ? 'full' : 'usual']
  const figures = await runBench({
    dist: values.dist ?? (await build()),
    gatewayArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    ...effort,
    full: values.full,
    peers: values.peers,
    say,
  })
  const goals = toGoals(figures)
  const machine = { node: process.version, cores: availableParallelism(), platform: process.platform, load: loadavg() }
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, effort, ...figures, goals })}\n`
      : `\n${toMarkdown(figures, goals)}\n${notes(figures.absent, machine.load)}`,
  )
}

const notes = (absent: readonly string[], [load = 0]: readonly number[]): string =>
  [...absent, `Load average of the machine at the end: ${load.toFixed(1)}.`].join('\n\n').concat('\n')

if (values.help) process.stdout.write(HELP)
else await bench()
