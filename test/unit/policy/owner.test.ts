import { describe, expect, it } from 'vitest'
import { buildCatalog } from '../../../src/catalog/catalog.ts'
import type { Principal } from '../../../src/kernel/principal.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { decide } from '../../../src/policy/decide.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { sourceTool } from '../../helpers/tools.ts'
import { principalOf } from './office.ts'

const input = (connection: string, owner?: string) => ({
  connection,
  provider: 'mcp',
  identity: connection,
  tools: [sourceTool('read_note')],
  features: [{ kind: 'prompt' as const, name: 'greet', definition: { name: 'greet' } }],
  owner,
})
const catalog = buildCatalog([input('ann-notes', 'ann'), input('bob-notes', 'bob'), input('team-notes')], new Map())
const policyHere = () =>
  compilePolicy(policyDocumentSchema.parse({ rules: [{ id: 'all', effect: 'allow' }] }), {
    tools: catalog.governed,
    agents: [],
    connections: [],
  }).policy
const acting = (user?: string): Principal => principalOf('sidekick', user === undefined ? {} : { user })
const seen = (user?: string) => viewOf(policyHere(), acting(user)).features.map(({ id }) => id)
const invoked = (user?: string) =>
  catalog.governed
    .filter((tool) => decide(policyHere(), { principal: acting(user), tool, verb: 'invoke', at: 0 }).effect === 'allow')
    .map(({ id }) => id)
const of = (...owners: readonly string[]) =>
  owners.flatMap((owner) => [`conn:${owner}-notes:read_note`, `conn:${owner}-notes:prompt:greet`]).toSorted()

describe("one person's connection", () => {
  it.each([
    ['ann', of('ann', 'team')],
    ['bob', of('bob', 'team')],
    ['eve', of('team')],
    [undefined, of('team')],
  ])('exists for its owner and for nobody else, asked for %s', (user, expected) => {
    expect([...seen(user)].toSorted()).toEqual(expected)
    expect(invoked(user).toSorted()).toEqual(expected)
  })

  it('has views of its own, although the same rules are about both people', () => {
    expect(viewOf(policyHere(), acting('ann')).signature).not.toBe(viewOf(policyHere(), acting('bob')).signature)
    expect(viewOf(policyHere(), acting('eve')).signature).toBe(viewOf(policyHere(), acting()).signature)
  })

  it('cannot be reached through the definition of a tool that pretends to be everybody’s', () => {
    const tool = catalog.governed.find(({ id }) => id === 'conn:ann-notes:read_note')
    const forged = tool && { ...tool, owner: undefined }
    const decision = forged && decide(policyHere(), { principal: acting('bob'), tool: forged, verb: 'invoke', at: 0 })
    expect(decision?.effect).toBe('deny')
  })
})
