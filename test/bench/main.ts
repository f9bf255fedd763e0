import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './processes.ts'
import { startupMarkdown, toGoals, toMarkdown } from './report.ts'
import { runBench } from './run.ts'
import { benchStartup } from './startup.ts'

const HELP = `Measures ways to the same tool side by side: direct, nginx, a bare proxy in Node, and Gatehouse with a key, 50 rules, a
rate limit and the audit log on, over HTTP and stdio, in both eras.

  npm run bench                       tables as Markdown, in about three minutes
  npm run bench -- --peers            with other gateways, which it installs into test/bench/peers
  npm run bench -- --full             longer rounds, and memory after 100,000 calls
  npm run bench -- --json             one JSON document on stdout
  npm run bench -- --quick            less than a minute, rougher
  npm run bench -- --startup          start-up alone
  npm run bench -- --dist <folder>    measures this build instead of making one
  npm run bench -- --profile <folder> leaves a CPU profile of each gateway there

Compare ratios: absolute figures depend on the machine. The load, each gateway and each server have processes of their own;
with two cores they share them.
`
const EFFORTS = {
  full: { rounds: 3, seconds: 3, listSeconds: 1, starts: 5 },
  usual: { rounds: 3, seconds: 0.8, listSeconds: 0.5, starts: 5 },
  quick: { rounds: 1, seconds: 0.2, listSeconds: 0.1, starts: 1 },
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    startup: { type: 'boolean', default: false },
    dist: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

const dist = async (): Promise<string> => {
  if (values.dist !== undefined) return values.dist
  say('building the product')
  return build()
}
const machine = () => ({
  node: process.version,
  cores: availableParallelism(),
  platform: process.platform,
  load: loadavg(),
})

async function startupAlone(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'))
  try {
    const startup = await benchStartup({ dist: await dist(), folder, times: EFFORTS.usual.starts, say })
    const text = values.json ? JSON.stringify({ machine: machine(), startup }) : `\n${startupMarkdown(startup)}`
    process.stdout.write(`${text}\n`)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function bench(): Promise<void> {
  const effort = EFFORTS[values.quick ? 'quick' : values.full ? 'full' : 'usual']
  const figures = await runBench({
    dist: await dist(),
    gatewayArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    ...effort,
    full: values.full,
    peers: values.peers,
    say,
  })
  const goals = toGoals(figures)
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine: machine(), effort, ...figures, goals })}\n`
      : `\n${toMarkdown(figures, goals)}\n${notes(figures.absent, loadavg())}`,
  )
}

const notes = (absent: readonly string[], [load = 0]: readonly number[]): string =>
  [...absent, `Load average of the machine at the end: ${load.toFixed(1)}.`].join('\n\n').concat('\n')

if (values.help) process.stdout.write(HELP)
else await (values.startup ? startupAlone() : bench())
