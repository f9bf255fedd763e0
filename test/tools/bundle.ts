import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type Metafile } from 'esbuild'

const root = join(import.meta.dirname, '../..')

const SHIMS = './test/tools/sdk-shims.ts'

/** Packages written for `require` find the modules of Node by it. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'\nconst require = requireFrom(import.meta.url)"

/**
 * Makes the product as it is shipped, in `<folder>/dist`: few files with all that they need, because finding and reading a
 * thousand modules takes longer than running them. What a command loads when it is needed is a file of its own. Names stay as
 * they are written, source maps lie beside (`--enable-source-maps`).
 */
export async function bundle(folder: string): Promise<void> {
  const dist = join(folder, 'dist')
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['src/main.ts'],
    outdir: join(dist, 'src'),
    alias: { '@modelcontextprotocol/client/_shims': SHIMS, '@modelcontextprotocol/server/_shims': SHIMS },
    // All beside `main.js`, two levels below the package's own file.
    chunkNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minifyWhitespace: true,
    minifySyntax: true,
    sourcemap: 'linked',
    legalComments: 'none',
    banner: { js: REQUIRE },
    metafile: true,
    logLevel: 'error',
  })
  await writeFile(join(dist, 'THIRD-PARTY-LICENSES.txt'), await licences(metafile))
  await describe(folder)
}

/** Node reads from the package what kind of modules these are, and we our version. */
async function describe(folder: string): Promise<void> {
  if (folder === root) return
  const { name, version, type } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as Package
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version, type }))
}

interface Package {
  readonly name: string
  readonly version: string
  readonly type?: string
  readonly license?: string
}

/** The licences of the packages that are in what we ship. */
async function licences({ outputs }: Metafile): Promise<string> {
  const inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs))
  const folders = new Set(inputs.flatMap((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input) ?? []))
  const texts = await Promise.all([...folders].toSorted().map((folder) => licenceOf(join(root, folder))))
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

async function licenceOf(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Package
  const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry))
  const text = file === undefined ? '' : `\n${await readFile(join(folder, file), 'utf8')}`
  return `${name} ${version} (${license ?? 'see its package'})\n${text}`
}
