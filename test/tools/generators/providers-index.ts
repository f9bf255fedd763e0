import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

const folder = join(import.meta.dirname, '../../../providers')

export const path = 'providers/index.ts'

export async function make(): Promise<string> {
  const ids = await providerIds()
  return `// Written by \`npm run gen\` from the folders beside this file.
import type { Provider } from '#provider-kit'
${ids.map((id) => `import ${toName(id)} from './${id}/index.ts'`).join('\n')}

/** Every provider that the gateway knows, by id. */
export const providers: ReadonlyMap<string, Provider> = new Map<string, Provider>(
  [${ids.map(toName).join(', ')}].map((provider: Provider) => [provider.id, provider]),
)
`
}

/** Every folder of `providers/` that holds a manifest, in order; `_template` is none. */
export async function providerIds(): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true })
  return entries
    .filter((entry) => entry.isFile() && entry.name === 'index.ts')
    .map((entry) => entry.parentPath.slice(folder.length + 1))
    .filter((id) => /^[a-z][a-z0-9_-]*$/.test(id))
    .sort()
}

const toName = (id: string): string => id.replaceAll(/[-_]+([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
