import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..')
const folder = join(root, 'node_modules/.gatehouse-built')

/**
 * Compiles the product once for the tests that run it as processes: they test what is shipped, and each of hundreds of
 * commands starts in a third of the time. The package around it has our imports and version.
 */
export default async function buildOnce(): Promise<void> {
  await mkdir(folder, { recursive: true })
  const { name, version, type, imports } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version, type, imports }))
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  await promisify(execFile)(process.execPath, [
    tsc,
    '-p',
    join(root, 'test/tsconfig.build.json'),
    '--outDir',
    join(folder, 'dist'),
  ])
}
