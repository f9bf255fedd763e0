import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

const HELP = `Plants faults in src/policy, one at a time, and looks whether a test of policy notices.

  npm run mutation                              all of src/policy; takes long
  npm run mutation -- --mutate src/policy/judge.ts
  npm run mutation -- --unit                    the unit tests alone: quicker, and misses what only properties notice
  npm run mutation -- --static             also what runs once, when a module is read: takes a second for each
  npm run mutation -- --tests schema       with the tests alone whose files have this in their names
  npm run mutation -- --concurrency 2
  npm run mutation -- --part lint --mutate 'src/policy/lint/*.ts'   remembers what it found apart from other parts, which may run meanwhile
  npm run -s mutation -- --json            one document on stdout
`
const ROOM = import.meta.dirname
const ROOT = join(ROOM, '../..')
/** What the tests of policy need; everything else stays out of the copy in which the faults are planted. */
const NEEDED = [
  'src/kernel',
  'src/policy',
  'src/catalog',
  'test/unit/policy',
  'test/property',
  'test/helpers',
  'test/fixtures/policies',
  'package.json',
]

const { values } = parseArgs({
  options: {
    mutate: { type: 'string', default: 'src/policy/**/*.ts' },
    unit: { type: 'boolean', default: false },
    static: { type: 'boolean', default: false },
    tests: { type: 'string', default: '' },
    concurrency: { type: 'string', default: '1' },
    part: { type: 'string', default: 'all' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

async function run(): Promise<void> {
  install()
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-mutation-'))
  try {
    const needed = NEEDED.filter((path) => !values.unit || path !== 'test/property')
    for (const path of needed) await cp(join(ROOT, path), join(folder, path), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    await writeFile(join(folder, 'stryker.json'), JSON.stringify(config(await testsIn(folder))))
    const stryker = join(ROOM, 'node_modules/@stryker-mutator/core/bin/stryker.js')
    const { status } = spawnSync(process.execPath, [stryker, 'run', 'stryker.json'], {
      cwd: folder,
      stdio: ['ignore', process.stderr, process.stderr],
    })
    if (status !== 0) throw new Error('stryker failed; its output stands above.')
    process.stdout.write(summary(JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function install(): void {
  if (existsSync(join(ROOM, 'node_modules/@stryker-mutator/core'))) return
  const { status } = spawnSync('npm', ['ci', '--no-fund', '--no-audit'], { cwd: ROOM, stdio: 'inherit' })
  if (status !== 0) throw new Error('npm ci --prefix test/mutation failed; its output stands above.')
}

/** The files with tests of policy, from the folder. */
async function testsIn(folder: string): Promise<readonly string[]> {
  const kinds = ['test/unit/policy', ...(values.unit ? [] : ['test/property'])]
  const names = await Promise.all(
    kinds.map(async (kind) => (await readdir(join(folder, kind))).map((name) => `${kind}/${name}`)),
  )
  const isWanted = (name: string): boolean =>
    name.endsWith('.test.ts') && !SLOW.includes(name) && name.includes('policy')
  return names.flat().filter((name) => isWanted(name) && basename(name).includes(values.tests))
}

/** Seconds long, and it finds nothing that the others do not. */
const SLOW = ['test/property/policy-cedar.test.ts']

const config = (policyTests: readonly string[]): object => ({
  testRunner: 'in-process',
  plugins: [join(ROOM, 'runner/index.mjs')],
  policyTests,
  mutate: values.mutate.split(','),
  concurrency: Number(values.concurrency),
  coverageAnalysis: 'perTest',
  // Code that runs once, when a module is read: for each fault all modules are read again, and stay in memory.
  ignoreStatic: !values.static,
  maxTestRunnerReuse: values.static ? 50 : 0,
  inPlace: false,
  tempDirName: 'sandbox',
  // What was found before counts again where neither the code nor its tests have changed, so that parts add up.
  incremental: true,
  incrementalFile: join(ROOM, `node_modules/.found-${values.unit ? 'by-unit-' : ''}${values.part}.json`),
  reporters: ['json', 'progress-append-only'],
  jsonReporter: { fileName: 'report.json' },
  timeoutMS: 20_000,
})

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>
}

interface Mutant {
  readonly status: 'Killed' | 'Survived' | 'Timeout' | 'NoCoverage' | 'Ignored' | 'CompileError' | 'RuntimeError'
  readonly mutatorName: string
  readonly replacement?: string
  readonly location: { readonly start: { readonly line: number; readonly column: number } }
}

/** What share of the faults was noticed, by file, and the ones that were not. */
function summary({ files }: Report): string {
  const rows = Object.entries(files).map(([file, { mutants }]) => ({
    file,
    ...count(mutants),
    survivors: survivors(mutants),
  }))
  if (values.json) return `${JSON.stringify(rows)}\n`
  const all = count(Object.values(files).flatMap(({ mutants }) => mutants))
  const besides = `${all.endless} of them because the code came to no end; ${all.untried} more run when a module is read, and were not tried`
  const lines = rows.map(({ file, noticed, planted, survivors: alive }) =>
    [`${share({ noticed, planted })}  ${noticed}/${planted}  ${file}`, ...alive.map((text) => `        ${text}`)].join(
      '\n',
    ),
  )
  return `${lines.join('\n')}\n${share(all)}  ${all.noticed}/${all.planted}  in all; ${besides}\n`
}

interface Count {
  readonly noticed: number
  readonly planted: number
  /** Noticed because the code came to no end in time. */
  readonly endless: number
  /** Not tried, because they run once, when a module is read; not among the planted. */
  readonly untried: number
}

const NOTICED: readonly Mutant['status'][] = ['Killed', 'Timeout']
const MISSED: readonly Mutant['status'][] = ['Survived', 'NoCoverage', 'RuntimeError']

function count(mutants: readonly Mutant[]): Count {
  const of = (...wanted: readonly Mutant['status'][]) => mutants.filter(({ status }) => wanted.includes(status)).length
  return {
    noticed: of(...NOTICED),
    planted: of(...NOTICED, ...MISSED),
    endless: of('Timeout'),
    untried: of('Ignored'),
  }
}

const share = ({ noticed, planted }: Pick<Count, 'noticed' | 'planted'>): string =>
  `${((100 * noticed) / Math.max(1, planted)).toFixed(1).padStart(5)} %`

const survivors = (mutants: readonly Mutant[]): readonly string[] =>
  mutants
    .filter(({ status }) => MISSED.includes(status))
    .map(
      ({ mutatorName, replacement = '', location }) =>
        `${location.start.line}:${location.start.column} ${mutatorName} ${replacement.slice(0, 80)}`,
    )

if (values.help) process.stdout.write(HELP)
else await run()
