import { describe, expect, it } from 'vitest'
import { buildCatalog, type CatalogInput } from '../../../src/catalog/catalog.ts'
import type { ToolId } from '../../../src/kernel/tool.ts'
import { sourceTool } from '../../helpers/tools.ts'

const input = (connection: string, names: readonly string[], more: Partial<CatalogInput> = {}): CatalogInput => ({
  connection,
  provider: 'mcp',
  identity: `stdio:${connection}`,
  tools: names.map((name) => sourceTool(name)),
  ...more,
})
const idsOf = (inputs: readonly CatalogInput[]): readonly string[] => [...buildCatalog(inputs, new Map()).tools.keys()]
const WEATHER: ToolId = 'conn:weather:get' as ToolId

describe('the catalog', () => {
  it('orders tools by connection and then as the source listed them', () => {
    expect(idsOf([input('zoo', ['b', 'a']), input('ark', ['z', 'y'])])).toEqual([
      'conn:ark:z',
      'conn:ark:y',
      'conn:zoo:b',
      'conn:zoo:a',
    ])
  })

  it('finds a tool by its canonical id and by its portable name, and nothing by parts of them', () => {
    const catalog = buildCatalog([input('files', ['read-file'])], new Map())
    expect(catalog.find('conn:files:read-file')?.name).toBe('read-file')
    expect(catalog.find('conn__files__read_file')?.name).toBe('read-file')
    expect(catalog.find('read-file')).toBeUndefined()
    expect(catalog.find('constructor')).toBeUndefined()
  })

  it('gives an odd name a slug, and never the slug that a plain name has', () => {
    expect(idsOf([input('api', ['Get.User', 'get_user', 'Get User'])])).toEqual([
      expect.stringMatching(/^conn:api:get_user_[0-9a-f]{6}$/),
      'conn:api:get_user',
      expect.stringMatching(/^conn:api:get_user_[0-9a-f]{6}$/),
    ])
  })

  it('tells portable names apart that would be equal', () => {
    const tools = [...buildCatalog([input('env', ['get-env', 'get_env'])], new Map()).tools.values()]
    expect(tools.map((tool) => tool.wireName)).toEqual([
      expect.stringMatching(/^conn__env__get_env_[0-9a-f]{6}$/),
      'conn__env__get_env',
    ])
  })

  it('derives the risk from the effect and lets an admin raise it, not lower it', () => {
    const risks = (overrides: CatalogInput['overrides']): readonly string[] =>
      [
        ...buildCatalog(
          [
            input('m', [], {
              tools: [
                sourceTool('r', { effect: 'read' }),
                sourceTool('w', { effect: 'write' }),
                sourceTool('x', { effect: 'write', external: true }),
                sourceTool('u', { effect: 'unclassified' }),
                sourceTool('d', { effect: 'destructive' }),
              ],
              overrides,
            }),
          ],
          new Map(),
        ).tools.values(),
      ].map((tool) => tool.risk)
    expect(risks({})).toEqual(['low', 'medium', 'high', 'high', 'critical'])
    expect(risks({ r: { risk: 'critical' }, d: { risk: 'low' }, u: { effect: 'read' } })).toEqual([
      'critical',
      'medium',
      'high',
      'low',
      'critical',
    ])
  })
})

describe('the fingerprint', () => {
  const fingerprintWith = (definition: object, identity = 'stdio:a'): string | undefined =>
    buildCatalog(
      [input('weather', [], { identity, tools: [sourceTool('get', {}, { ...definition })] })],
      new Map(),
    ).tools.get(WEATHER)?.fingerprint

  it('changes with everything that a model or a policy relies on, and with the server', () => {
    const base = {
      title: 't',
      description: 'd',
      inputSchema: { type: 'object' },
      outputSchema: { type: 'object' },
      annotations: {},
    }
    const changed = [
      fingerprintWith(base),
      fingerprintWith({ ...base, title: 'T' }),
      fingerprintWith({ ...base, description: 'd ' }),
      fingerprintWith({ ...base, inputSchema: { type: 'object', properties: { q: {} } } }),
      fingerprintWith({ ...base, outputSchema: { type: 'array' } }),
      fingerprintWith({ ...base, annotations: { readOnlyHint: true } }),
      fingerprintWith(base, 'stdio:b'),
    ]
    expect(new Set(changed).size).toBe(changed.length)
  })

  it('does not depend on the order of keys', () => {
    expect(fingerprintWith({ inputSchema: { type: 'object', title: 'x' } })).toBe(
      fingerprintWith({ inputSchema: { title: 'x', type: 'object' } }),
    )
  })

  it('quarantines a tool that differs from its pin, and only that', () => {
    const pinned = fingerprintWith({ description: 'before' }) ?? ''
    const tools = [sourceTool('get', {}, { description: 'after' }), sourceTool('other')]
    const catalog = buildCatalog([input('weather', [], { identity: 'stdio:a', tools })], new Map([[WEATHER, pinned]]))
    expect([...catalog.tools.values()].map((tool) => tool.quarantined)).toEqual([true, false])
  })
})
