import { cp, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generate } from './generate.ts'

const providers = join(import.meta.dirname, '../../providers')

/** Copies the template to `providers/<id>` under that id. Rejects for an id that is malformed or taken. */
export async function newProvider(id: string, folder = providers): Promise<string> {
  if (!/^[a-z][a-z0-9_-]{0,30}$/.test(id))
    throw new Error('An id is lower-case letters, digits, - and _, such as acme.')
  const target = join(folder, id)
  await cp(join(providers, '_template'), target, { recursive: true, errorOnExist: true, force: false })
  for (const file of await readdir(target)) {
    const text = await readFile(join(target, file), 'utf8')
    const title = (id.charAt(0).toUpperCase() + id.slice(1)).replaceAll(/[_-]+/g, ' ').trim()
    await writeFile(join(target, file), text.replaceAll("'template'", `'${id}'`).replaceAll(/\bTemplate\b/g, title))
  }
  return target
}

if (process.argv[1] === import.meta.filename) {
  try {
    const target = await newProvider(process.argv[2] ?? '')
    await generate({ check: false })
    process.stderr.write(`Made ${target}. Next: providers/README.md, step 2.\n`)
  } catch (error) {
    process.stderr.write(`npm run new:provider <id>: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  }
}
