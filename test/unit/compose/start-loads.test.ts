import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'
import { beforeAll, describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const HOUSE = 'src/compose/compose.ts'

let inputs: Metafile['inputs']
let outputs: Metafile['outputs']

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
    outputs = metafile.outputs
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

  it('has one language of zod: `import * as z` lets the bundler leave out what nobody asks for', () => {
    const shipped = Object.values(outputs).flatMap((output) => Object.entries(output.inputs))
    const languages = shipped.filter(
      ([path, { bytesInOutput }]) => path.includes('zod/v4/locales/') && bytesInOutput > 0,
    )
    expect(languages.map(([path]) => path)).toEqual(['node_modules/zod/v4/locales/en.js'])
  })

  it('of a command loads no other command', () => {
    const others = ['agent', 'connect', 'policy', 'import'].map((name) => `src/cli/commands/${name}.ts`)
    expect(among('src/main.ts', others)).toEqual([])
    expect(among('src/cli/commands/serve.ts', others)).toEqual([])
    expect(others.filter((part) => !(part in inputs))).toEqual([])
  })

  it('of a command that only prints its help builds no house', () => {
    expect(among('src/main.ts', [HOUSE, 'src/mcp/', 'src/sources/', 'node_modules/@modelcontextprotocol/'])).toEqual([])
  })
})
