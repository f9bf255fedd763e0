import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { buildCatalog, type Catalog } from '../../../src/catalog/catalog.ts'
import { declaredAgents } from '../../../src/config/declared-agents.ts'
import { loadConfig } from '../../../src/config/load-config.ts'
import type { Config } from '../../../src/config/schema.ts'
import { BUILT_IN, builtInInput } from '../../../src/gateway/meta/definitions.ts'
import { principalForStdio } from '../../../src/identity/principals.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { Decision } from '../../../src/kernel/policy.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import type { CompiledPolicy } from '../../../src/policy/compiled-policy.ts'
import { decide } from '../../../src/policy/decide.ts'

let policy: CompiledPolicy
let catalog: Catalog
let config: Config

beforeAll(async () => {
  config = await loadConfig({ path: join(import.meta.dirname, '../../../gateway.config.json'), env: {} })
  catalog = toCatalog(config)
  const connections = [...Object.keys(config.connections), BUILT_IN].map((slug) => ({ slug, provider: 'mcp' }))
  const agents = [...declaredAgents(config).values()]
  policy = compilePolicy(config.policy, { tools: [...catalog.tools.values()], agents, connections }).policy
})

/** The tools that the configuration speaks of, as a server with a path argument would list them. */
function toCatalog({ connections }: Config): Catalog {
  const inputSchema = { type: 'object', properties: { path: { type: 'string' } } }
  const traits = { effect: 'unclassified', external: false, idempotent: false, tags: [] } as const
  const inputs = Object.entries(connections).map(([connection, { tools: overrides }]) => ({
    connection,
    provider: 'mcp',
    identity: connection,
    tools: Object.keys(overrides).map((name) => ({ definition: { name, inputSchema }, traits })),
    overrides,
  }))
  return buildCatalog([builtInInput, ...inputs], new Map())
}

function ask(id: string, verb: 'see' | 'invoke', input?: JsonObject): Decision {
  const tool = catalog.find(id) ?? expect.unreachable(`${id} is not in the catalog`)
  const { organisation } = config
  const principal = principalForStdio({ agent: 'sidekick', agents: declaredAgents(config), organisation })
  return decide(policy, { principal, tool, verb, at: 0, ...(input ? { input } : {}) })
}

describe('the committed policy', () => {
  it('lets sidekick read', () => {
    expect(ask('conn:files:read_text_file', 'invoke', { path: 'test/demo/files/menu.md' })).toMatchObject({
      effect: 'allow',
      rule: 'assistants-read',
      obligations: [expect.objectContaining({ kind: 'rateLimit', limit: 300, windowMs: 60_000 })],
    })
  })

  it('shows write_file, and lets it write into the outbox only', () => {
    expect(ask('conn:files:write_file', 'see')).toMatchObject({ effect: 'allow' })
    expect(ask('conn:files:write_file', 'invoke', { path: 'outbox/note.md' })).toMatchObject({
      effect: 'allow',
      rule: 'assistants-write-files',
    })
    for (const path of [
      'test/demo/files/menu.md',
      'outbox/../menu.md',
      'test/demo/files/outbox/note.md',
      '/etc/x.md',
    ]) {
      expect(ask('conn:files:write_file', 'invoke', { path }), path).toMatchObject({
        effect: 'deny',
        rule: 'outbox-only',
      })
    }
  })

  it('lets sidekick find tools, and call them through call_tool', () => {
    for (const name of ['search_tools', 'describe_tools', 'call_tool', 'call_read_tool', 'status']) {
      expect(ask(`conn:gatehouse:${name}`, 'see'), name).toMatchObject({ effect: 'allow', rule: 'assistants-read' })
    }
  })

  it('hides get-env, and what nothing allows', () => {
    expect(ask('conn:everything:get-env', 'see')).toMatchObject({ effect: 'deny', rule: 'environment-stays-here' })
    for (const id of ['conn:files:move_file', 'conn:files:edit_file', 'conn:memory:delete_entities']) {
      expect(ask(id, 'see')).toMatchObject({ effect: 'deny', rule: undefined })
    }
  })
})
