import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

/** A file of the repository that is written from others. Each generator is a file in `generators/`. */
export interface Generator {
  /** From the root of the repository. */
  readonly path: string
  make(): Promise<string>
}

const root = join(import.meta.dirname, '../..')
const run = promisify(execFile)

/** Writes every generated file, or with `check` only tells which ones are not what they would be. Returns those paths. */
export async function generate({ check }: { readonly check: boolean }): Promise<readonly string[]> {
  const stale: string[] = []
  for (const generator of await generators()) {
    const wanted = await format(generator.path, await generator.make())
    const found = await readFile(join(root, generator.path), 'utf8').catch(() => undefined)
    if (found === wanted) continue
    stale.push(generator.path)
    if (!check) await writeFile(join(root, generator.path), wanted)
  }
  return stale
}

async function generators(): Promise<readonly Generator[]> {
  const folder = join(import.meta.dirname, 'generators')
  const files = (await readdir(folder)).filter((file) => file.endsWith('.ts')).sort()
  return await Promise.all(files.map(async (file) => (await import(join(folder, file))) as Generator))
}

/** What the formatter would make of it: generated files obey the same rules as written ones. */
async function format(path: string, text: string): Promise<string> {
  const scratch = await mkdtemp(join(tmpdir(), 'gatehouse-gen-'))
  try {
    const file = join(scratch, basename(path))
    await writeFile(file, text)
    await run(process.execPath, [
      join(root, 'node_modules/oxfmt/bin/oxfmt'),
      '--config',
      join(root, '.oxfmtrc.json'),
      file,
    ])
    return await readFile(file, 'utf8')
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const check = process.argv.includes('--check')
  const stale = await generate({ check })
  for (const path of stale) process.stderr.write(check ? `${path} is stale: run npm run gen\n` : `wrote ${path}\n`)
  process.exitCode = check && stale.length > 0 ? 1 : 0
}
