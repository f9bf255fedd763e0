import { availableParallelism, loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { toGoals } from './goals.ts'
import { build } from './processes.ts'
import { toMarkdown, toRemarks } from './report.ts'
import { isPart, type Part, PARTS, runBench } from './run.ts'

const HELP = `Measures ways to the same tool side by side: direct, nginx, a bare proxy in Node, and Gatehouse with a key, 50 rules, a
rate limit and the audit log on, over HTTP and stdio, in both eras.

  npm run bench                       tables as Markdown, in about four minutes
  npm run bench -- --peers            with other gateways, which it installs into test/bench/peers
  npm run bench -- --full             longer rounds, and memory after 100,000 calls
  npm run bench -- --json             one JSON document on stdout
  npm run bench -- --quick            about a minute, rougher
  npm run bench -- --only <parts>     these alone, with commas between: ${PARTS.join(', ')}
  npm run bench -- --way <text>       calls of the ways whose name has this text, and of those that they are compared with
  npm run bench -- --dist <folder>    measures this build instead of making one
  npm run bench -- --profile <folder> leaves a CPU profile of each gateway there

For example \`npm run bench -- --only calls --way workers\`, or \`--only startup,lists\`.

Before the rounds each way is loaded for 3 seconds (1 with --quick), 64 calls at a time or one list, which is not counted: in its
first seconds a process spends more on V8's compilers than on calls.

Compare ratios: absolute figures depend on the machine. The load, each gateway and each server have processes of their own;
with two cores they share them.
`
const EFFORTS = {
  full: { rounds: 3, seconds: 3, listSeconds: 1, warmUpSeconds: 3, starts: 5 },
  usual: { rounds: 3, seconds: 0.8, listSeconds: 0.5, warmUpSeconds: 3, starts: 5 },
  quick: { rounds: 1, seconds: 0.2, listSeconds: 0.1, warmUpSeconds: 1, starts: 1 },
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    peers: { type: 'boolean', default: false },
    only: { type: 'string' },
    way: { type: 'string' },
    dist: { type: 'string' },
    profile: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Undefined where there is a word that is no part. */
function partsOf(only: string | undefined): readonly Part[] | undefined {
  if (only === undefined) return PARTS
  const words = only.split(',').map((word) => word.trim())
  const parts = words.filter(isPart)
  return parts.length === words.length ? parts : undefined
}

async function dist(): Promise<string> {
  if (values.dist !== undefined) return values.dist
  say('building the product')
  return build()
}

async function bench(parts: readonly Part[]): Promise<void> {
  const effort = EFFORTS[values.quick ? 'quick' : values.full ? 'full' : 'usual']
  const figures = await runBench({
    dist: await dist(),
    parts,
    way: values.way,
    gatewayArgs: values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`],
    ...effort,
    full: values.full,
    peers: values.peers,
    say,
  })
  const machine = { node: process.version, cores: availableParallelism(), platform: process.platform, load: loadavg() }
  const goals = toGoals(figures, machine.cores)
  const remarks = toRemarks(figures, { ...machine, warmUpSeconds: effort.warmUpSeconds })
  process.stdout.write(
    values.json
      ? `${JSON.stringify({ machine, effort, ...figures, remarks, goals })}\n`
      : `\n${toMarkdown(figures, goals)}\n${remarks.join('\n\n')}\n`,
  )
}

const parts = partsOf(values.only)
if (values.help) process.stdout.write(HELP)
else if (parts) await bench(parts)
else {
  say(`--only takes these, with commas between: ${PARTS.join(', ')}.`)
  process.exitCode = 2
}
