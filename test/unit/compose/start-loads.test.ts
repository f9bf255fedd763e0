import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const HOUSE = 'src/compose/compose.ts'

let inputs: Metafile['inputs']

/** What is loaded together with a module: what it imports, and all that follows from that, but for `import()`. */
function loadedWith(entry: string): ReadonlySet<string> {
  const loaded = new Set([entry])
  for (const path of loaded) {
    for (const { path: next, kind, external } of inputs[path]?.imports ?? []) {
      if (external !== true && kind !== 'dynamic-import') loaded.add(next)
    }
  }
  return loaded
}

const among = (entry: string, parts: readonly string[]): readonly string[] => {
  const loaded = [...loadedWith(entry)]
  return parts.filter((part) => loaded.some((path) => path.startsWith(part)))
}

describe('a start', () => {
  beforeAll(async () => {
    const { metafile } = await build({
      absWorkingDir: root,
      entryPoints: ['src/main.ts'],
      outdir: 'dist',
      bundle: true,
      splitting: true,
      format: 'esm',
      platform: 'node',
      metafile: true,
      write: false,
      logLevel: 'silent',
    })
    inputs = metafile.inputs
  })

  it('loads nothing that only later requests need', () => {
    const later = [
      'node_modules/@modelcontextprotocol/client/',
      'node_modules/hono/',
      'node_modules/@hono/node-server/',
      'node_modules/undici/',
      'node_modules/nodemailer/',
      'providers/index.ts',
      'src/http/api.ts',
      'src/http/pages/',
      'src/compose/worker.ts',
    ]
    expect(among(HOUSE, later)).toEqual([])
    // They are where they were, and come with what needs them.
    expect(later.filter((part) => !Object.keys(inputs).some((path) => path.startsWith(part)))).toEqual([])
    expect(among('src/compose/application.ts', ['node_modules/hono/', 'src/http/api.ts'])).toHaveLength(2)
  })

  it('of a command that only prints its help builds no house', () => {
    expect(among('src/main.ts', [HOUSE, 'src/mcp/', 'src/sources/', 'node_modules/@modelcontextprotocol/'])).toEqual([])
  })
})
