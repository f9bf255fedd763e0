import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type DataSet, readDataSet } from './data-set.ts'
import { ownCatalog } from './own-catalog.ts'
import { print } from './print.ts'
import { measureSet } from './set-figures.ts'
import { measureSpeed } from './speed.ts'

const PUBLIC = join(import.meta.dirname, '../../../../shared/discovery')
const NAMES = ['livemcp', 'metatool', 'mcpproxy']
const SIZES = [500, 2_500, 10_000]

const HELP = `How well and how fast tools are found. Figures go to stdout, progress to stderr.

  npm run bench:discovery                      the own catalog and its questions, and the public sets where they are
  npm run bench:discovery -- --set <folder>    the own catalog and this set (tools.jsonl, queries.jsonl); may stand several times
  npm run -s bench:discovery -- --json         one JSON document on stdout: the figures of each set and split
`

const { values } = parseArgs({
  options: {
    set: { type: 'string', multiple: true },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})

if (values.help) process.stdout.write(HELP)
else await bench()

async function bench(): Promise<void> {
  const sets = await readSets(values.set ?? [])
  const figures = {
    sets: sets.map((set) => {
      progress(`${set.name}: ${set.tools.length} tools, ${set.queries.length} queries`)
      return measureSet(set)
    }),
    speed: await measureSizes(sets),
  }
  if (values.json) console.log(JSON.stringify(figures, undefined, 2))
  else print(figures)
}

async function readSets(folders: readonly string[]): Promise<readonly DataSet[]> {
  const own = await ownCatalog()
  const wanted = folders.length > 0 ? folders : NAMES.map((name) => join(PUBLIC, name))
  const found = await Promise.all(
    wanted.map(async (folder) => {
      const set = existsSync(folder) ? await readDataSet(folder) : undefined
      if (set === undefined) progress(`no data set in ${folder}: skipped`)
      return set
    }),
  )
  return [own, ...found.filter((set) => set !== undefined)]
}

async function measureSizes(all: readonly DataSet[]) {
  const speeds = []
  for (const size of SIZES) {
    progress(`speed at ${size} tools`)
    speeds.push(await measureSpeed(all, size))
  }
  return speeds
}

function progress(text: string): void {
  process.stderr.write(`${text}\n`)
}
