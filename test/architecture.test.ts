import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '..')
const SDK_SERVER = 'npm:@modelcontextprotocol/server'
const SDK_CLIENT = 'npm:@modelcontextprotocol/client'

/** Who may import whom. A room that is not listed does not exist; a missing entry is a no. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  // 0 words
  kernel: [],
  // 1 pure
  policy: ['kernel', 'npm:zod', 'npm:re2js', 'npm:lru-cache'],
  catalog: ['kernel', 'node:crypto'],
  'provider-kit': ['kernel', 'npm:zod', 'npm:nodemailer', 'npm:re2js'],
  // 2 the world
  config: ['kernel', 'policy', 'npm:zod', 'node'],
  store: ['kernel', 'npm:zod', 'npm:lowdb', 'node'],
  vault: ['kernel', 'node'],
  audit: ['kernel', 'store', 'node'],
  egress: ['kernel', 'npm:undici', 'npm:ipaddr.js', 'node'],
  identity: ['kernel', 'store', 'egress', 'npm:jose', 'npm:zod', 'node'],
  approvals: ['kernel', 'store', 'vault', 'npm:zod', 'node'],
  metrics: ['kernel', 'npm:prom-client', 'npm:@opentelemetry/api', 'node'],
  // 3 services
  connections: ['kernel', 'provider-kit', 'catalog', 'store', 'vault', 'egress', 'npm:oauth4webapi', 'npm:zod', 'node'],
  sources: [
    'kernel',
    'provider-kit',
    'catalog',
    'store',
    'vault',
    'egress',
    SDK_CLIENT,
    'npm:aws4fetch',
    'npm:zod',
    'node',
  ],
  // 4 use cases
  gateway: ['kernel', 'policy', 'catalog', 'npm:ajv', 'npm:re2js', 'npm:lru-cache', 'node:crypto', 'node:buffer'],
  admin: ['kernel', 'policy', 'catalog', 'config', 'store', 'audit', 'connections', 'npm:zod', 'node:crypto'],
  // 5 edges
  cluster: ['kernel', 'gateway', 'store', 'node'],
  mcp: ['kernel', 'gateway', 'admin', 'identity', SDK_SERVER, 'npm:hono', 'node'],
  http: ['kernel', 'gateway', 'admin', 'identity', 'mcp', 'npm:hono', 'npm:@hono/node-server', 'npm:zod', 'node'],
  cli: ['kernel', 'gateway', 'admin', 'identity', 'config', 'npm:commander', 'npm:pino', 'node'],
  // outside of src
  providers: ['provider-kit', 'npm:zod'],
}
/** `compose` and `main.ts` stand above the rooms: they may import all of them, and nobody imports them. */
const ABOVE = ['compose', 'main.ts']
/** The rooms that may ask `decide`; one question, one place. */
const MAY_DECIDE = ['policy', 'gateway', 'admin']

describe('the house', () => {
  it('has every import going down, never up and never across', () => {
    expect(everyFile().flatMap((file) => violations(file, readFileSync(join(root, file), 'utf8')))).toEqual([])
  })

  it('would notice a planted violation', () => {
    const planted = "import { httpApp } from '../http/app.ts'\nimport { x } from 'undici'\n"
    expect(violations('src/policy/decide.ts', planted)).toEqual([
      'src/policy/decide.ts: policy must not import http',
      'src/policy/decide.ts: policy must not import npm:undici',
    ])
    expect(violations('src/kernel/tool.ts', "import { createHash } from 'node:crypto'")).toHaveLength(1)
    expect(violations('src/gateway/x.ts', "const x = await import('../compose/compose.ts')")).toHaveLength(1)
  })

  it('runs tools in exactly one place', () => {
    const calls = everyFile().flatMap((file) =>
      [...readFileSync(join(root, file), 'utf8').matchAll(/\bsource\s*\.callTool\(/g)].map(() => file),
    )
    expect(calls).toEqual(['src/gateway/call-tool.ts'])
  })

  it('asks for decisions only where a decision is made', () => {
    const asking = everyFile().filter((file) => /\bdecide\(/.test(readFileSync(join(root, file), 'utf8')))
    expect(asking.filter((file) => !MAY_DECIDE.includes(roomOf(file)))).toEqual([])
  })

  it('knows no provider by name inside src', () => {
    const ids = readdirSync(join(root, 'providers'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== '_template' && entry.name !== 'http')
      .map((entry) => entry.name)
    // MCP servers have names of their own, some of them those of providers; that list is data.
    const named = everyFile()
      .filter((file) => file.startsWith('src/') && file !== 'src/sources/known-servers.ts')
      .filter((file) => ids.some((id) => new RegExp(`['"\`]${id}['"\`]`).test(readFileSync(join(root, file), 'utf8'))))
    expect(named).toEqual([])
  })

  it('has a README in every room', () => {
    const rooms = [
      ...new Set(
        everyFile()
          .filter((file) => file.split('/').length > 2)
          .map((file) => dirname(file).split('/').slice(0, 2).join('/')),
      ),
    ]
    expect(rooms.filter((room) => room.startsWith('src/') && !existsSync(join(root, room, 'README.md')))).toEqual([])
  })
})

function everyFile(): string[] {
  return ['src', 'providers'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((file) => /\.tsx?$/.test(file))
      .map((file) => join(top, file)),
  )
}

function violations(file: string, text: string): string[] {
  const from = roomOf(file)
  if (ABOVE.includes(from)) return []
  const allowed = MAY_IMPORT[from]
  if (!allowed) return [`${file}: ${from} is not a room`]
  return importsOf(text)
    .map((target) => (target.startsWith('.') ? roomOf(join(dirname(file), target)) : outsideOf(target)))
    .filter((to) => to !== from && !allowed.includes(to) && !(to.startsWith('node:') && allowed.includes('node')))
    .map((to) => `${file}: ${from} must not import ${to}`)
}

const importsOf = (text: string): string[] =>
  [
    ...text.matchAll(
      /^(?:import|export|\})[^'"\n]*\bfrom\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, named, called, bare]) => named ?? called ?? bare ?? '')

const roomOf = (file: string): string => {
  const [top, room] = file.split('/')
  return top === 'src' ? (room ?? '') : (top ?? '')
}

const outsideOf = (target: string): string => {
  if (target.startsWith('#')) return target.slice(1)
  if (target.startsWith('node:')) return target
  return `npm:${target
    .split('/')
    .slice(0, target.startsWith('@') ? 2 : 1)
    .join('/')}`
}
