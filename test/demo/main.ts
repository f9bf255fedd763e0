import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { House } from '../../src/cli/house.ts'
import { pinoLog } from '../../src/cli/log.ts'
import { compose } from '../../src/compose/compose.ts'
import { GatewayError } from '../../src/kernel/errors.ts'
import { readLock } from '../../src/store/lowdb-driver.ts'
import { demoCalls } from './calls.ts'
import { startEmulatedVendors, type EmulatedVendors } from './emulated-vendors.ts'
import { runCalls, type Outcome } from './run-calls.ts'
import { table } from './table.ts'

const HELP = `Runs the gateway with three downstream MCP servers and three emulated services, and lets an agent call them.

  npm run demo                        shows the calls, then keeps serving
  npm run demo -- --once --json       prints one JSON document and ends; exit code 1 when a call went otherwise than it should
  npm run demo -- --port 9000         serves on another port than 8787
`
const DIRECTORY = join(import.meta.dirname, '../../.gatehouse-demo')
const CONFIG = join(import.meta.dirname, 'gateway.config.json')
const CONNECT_MS = 30_000

const { values } = parseArgs({
  options: {
    once: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    port: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
const say = (text: string): void => void process.stderr.write(`${text}\n`)

function help(): number {
  process.stdout.write(HELP)
  return 0
}

function failed(error: unknown): number {
  say(`error: ${error instanceof GatewayError ? error.message : String(error)}`)
  return 1
}

async function demo(): Promise<number> {
  const startedAt = Date.now()
  await emptyDirectory()
  say('Starting GitHub, Slack and Gmail of a small organisation on this machine …')
  const vendors = await startEmulatedVendors()
  let house: House | undefined
  try {
    tellEnvironment(vendors)
    say('Starting the gateway and three MCP servers …')
    const log = pinoLog({ level: 'error', fixed: true, write: (line) => void process.stderr.write(line) })
    house = await compose({ configPath: CONFIG, mode: 'serve', log, listen: { port: portOf(values) } })
    const outcome = await firstCalls(house, vendors)
    const tookMs = Date.now() - startedAt
    if (values.json) process.stdout.write(`${JSON.stringify(toDocument(outcome))}\n`)
    else show(outcome, tookMs)
    if (!values.once) await serveUntilStopped(outcome)
    return outcome.surprises.length === 0 ? 0 : 1
  } finally {
    await house?.close()
    await vendors.close()
  }
}

/** A store of its own, new every time; one that a running demo holds is left alone. */
async function emptyDirectory(): Promise<void> {
  const holder = await readLock(DIRECTORY)
  if (holder) {
    throw new GatewayError('store_locked', `A demo runs already (process ${holder.pid}). Stop it first.`)
  }
  await rm(DIRECTORY, { recursive: true, force: true })
  await mkdir(DIRECTORY, { mode: 0o700 })
}

/** What the demo's configuration refers to. */
function tellEnvironment({ github, slack, gmail, tokens, channels }: EmulatedVendors): void {
  Object.assign(process.env, {
    DEMO_DIRECTORY: DIRECTORY,
    DEMO_GITHUB_URL: github,
    DEMO_GITHUB_TOKEN: tokens.github,
    DEMO_SLACK_URL: slack,
    DEMO_SLACK_TOKEN: tokens.slack,
    DEMO_GMAIL_URL: gmail,
    DEMO_GMAIL_TOKEN: tokens.gmail,
    DEMO_GENERAL: channels.general,
  })
}

const portOf = ({ once, port }: { readonly once: boolean; readonly port?: string }): number =>
  port === undefined ? (once ? 0 : 8787) : Number(port)

async function firstCalls(house: House, vendors: EmulatedVendors): Promise<Outcome> {
  const { url } = await house.listen()
  await house.settled(CONNECT_MS)
  return runCalls(house, `${url}/mcp`, demoCalls(vendors))
}

const toDocument = ({ calls, url, tools }: Outcome): object => ({
  calls: calls.map(({ tool, era, decision, rule, ms, isError }) => ({ tool, era, decision, rule, ms, isError })),
  url,
  tools,
})

function show({ calls, tools, surprises }: Outcome, tookMs: number): void {
  const rows = calls.map(({ tool, era, decision, rule, ms, firstLine }) => [
    tool,
    era,
    decision,
    rule ?? '–',
    ms.toFixed(1),
    firstLine,
  ])
  const width = process.stdout.columns ?? 200
  process.stdout.write(`\n${table(['TOOL', 'ERA', 'DECISION', 'RULE', 'MS', 'RESULT'], rows, width)}\n\n`)
  process.stdout.write(
    `The agent "sidekick" sees ${tools} tools. From start to last call: ${(tookMs / 1_000).toFixed(1)} s.\n`,
  )
  for (const surprise of surprises) process.stdout.write(`Not as expected: ${surprise}\n`)
}

async function serveUntilStopped({ url, key }: Outcome): Promise<void> {
  say(`\nStill serving. To connect Claude Code, paste:\n`)
  say(`  claude mcp add --transport http gatehouse ${url} --header "Authorization: Bearer ${key}"\n`)
  say(
    `What happened: npm run -s gatehouse -- audit query --config test/demo/gateway.config.json\nCtrl-C ends the demo.`,
  )
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, resolve)
  })
}

process.exitCode = values.help ? help() : await demo().catch(failed)
