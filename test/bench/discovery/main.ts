// How well and how fast tools are found: `npm run bench:discovery [-- --set <folder>] [-- --json]`.
// Figures go to stdout, progress to stderr.
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

const { values } = parseArgs({ options: { set: { type: 'string', multiple: true }, json: { type: 'boolean' } } })
const sets = await readSets(values.set ?? [])
const figures = {
  sets: sets.map((set) => {
    progress(`${set.name}: ${set.tools.length} tools, ${set.queries.length} queries`)
    return measureSet(set)
  }),
  speed: await measureSizes(sets),
}
if (values.json === true) console.log(JSON.stringify(figures, undefined, 2))
else print(figures)

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
