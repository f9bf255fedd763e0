import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { configJsonSchema } from '../../../src/config/json-schema.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import { make, path as schemaPath } from '../../tools/generators/config-schema.ts'

const root = join(import.meta.dirname, '../../..')
const configPath = join(root, 'gateway.config.json')
const validate = new Ajv2020({ strict: false, validateFormats: false }).compile(configJsonSchema())

const withConnection = (connection: object) => ({ organisation: 'acme', connections: { a: connection } })

describe('the committed configuration', () => {
  it('is right without any environment', async () => {
    const config = await loadConfig({ path: configPath, env: {} })
    expect(Object.keys(config.connections)).toEqual(['everything', 'files', 'memory'])
    expect(config.identity.loopbackAgent).toBe('sidekick')
    expect(config.connections).toMatchObject({ memory: { mcp: { cwd: root } } })
  })

  it('starts programs that are installed, on files that are committed', async () => {
    const { connections } = await loadConfig({ path: configPath, env: {} })
    const paths = Object.values(connections).flatMap((one) => ('mcp' in one && 'args' in one.mcp ? one.mcp.args : []))
    expect(paths.filter((text) => text.includes('/') && !existsSync(join(root, text)))).toEqual([])
  })

  it('fits the schema that it names', () => {
    const config = JSON.parse(readFileSync(configPath, 'utf8')) as { $schema: string }
    expect(join(root, config.$schema)).toBe(join(root, schemaPath))
    expect(validate(config), JSON.stringify(validate.errors)).toBe(true)
  })
})

describe('the committed schema', () => {
  it('is what the code generates', async () => {
    expect(readFileSync(join(root, schemaPath), 'utf8'), 'run `npm run gen`').toBe(await make())
  })

  it.each<[string, object]>([
    ['no organisation', {}],
    ['a typo', { organisation: 'acme', serverr: {} }],
    ['a bad reference', withConnection({ mcp: { command: 'x', env: { T: { evn: 'X' } } } })],
    ['a number as secret', withConnection({ provider: 'x', auth: { method: 'm', token: 5 } })],
    ['two kinds of server', withConnection({ mcp: { command: 'x', url: 'https://x' } })],
    ['a bad slug', { organisation: 'acme', connections: { A: { mcp: { command: 'x' } } } }],
  ])('marks %s in an editor', (_, config) => {
    expect(validate(config)).toBe(false)
  })

  it('knows the forms of a secret and describes every key of the top', () => {
    const auth = { method: 'token', a: { env: 'A' }, b: { file: 'b' }, c: '${env:C}' }
    expect(validate({ organisation: 'acme', connections: { hub: { provider: 'x', auth } } })).toBe(true)
    const properties = Object.entries(configJsonSchema()['properties'] as Record<string, { description?: string }>)
    expect(properties.filter(([, { description }]) => !description).map(([key]) => key)).toEqual([])
  })
})
