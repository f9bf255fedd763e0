import { execFile } from 'node:child_process'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const root = join(import.meta.dirname, '..', '..')
const TSC = join(root, 'node_modules/typescript/bin/tsc')
const OPTIONS = ['--module', 'nodenext', '--target', 'es2023', '--types', 'node', '--skipLibCheck', '--ignoreConfig']

export interface Compiled {
  /** The program as plain JavaScript: it starts three times as fast as through a loader. */
  readonly path: string
  remove(): Promise<void>
}

/** Compiles one program of the tests, such as `test/fakes/store-writer.ts`, and all that it imports. */
export async function compiled(program: string): Promise<Compiled> {
  const directory = await mkdtemp(join(tmpdir(), 'gatehouse-program-'))
  const arguments_ = [
    TSC,
    program,
    '--rewriteRelativeImportExtensions',
    '--rootDir',
    '.',
    '--outDir',
    directory,
    ...OPTIONS,
  ]
  await promisify(execFile)(process.execPath, arguments_, { cwd: root })
  await symlink(join(root, 'node_modules'), join(directory, 'node_modules'))
  await writeFile(join(directory, 'package.json'), '{"type":"module"}')
  return {
    path: join(directory, program.replace(/\.ts$/, '.js')),
    remove: () => rm(directory, { recursive: true, force: true }),
  }
}
