import fc from 'fast-check'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { Agent, Principal } from '../../src/kernel/principal.ts'
import type { Tool } from '../../src/kernel/tool.ts'
import { compilePolicy, type CompiledPolicy } from '../../src/policy/compile.ts'
import { policyDocumentSchema, type PolicyDocument } from '../../src/policy/schema.ts'
import type { PolicyWorld } from '../../src/policy/world.ts'
import { catalogTool, sourceTool } from '../helpers/tools.ts'

const inputSchema: JsonObject = { type: 'object', additionalProperties: true }
const tool = (connection: string, name: string, effect: Tool['effect'], quarantined = false): Tool => ({
  ...catalogTool(connection, sourceTool(name, { effect }, { inputSchema })),
  quarantined,
})
const TOOLS = [
  tool('one', 'read', 'read'),
  tool('one', 'write', 'write'),
  tool('two', 'read', 'read'),
  tool('two', 'drop', 'destructive'),
  tool('two', 'odd', 'unclassified', true),
]
const agent = (id: string): Agent => ({ id, groups: [], toolNames: 'portable', enabled: true, origin: 'declared' })
export const WORLD: PolicyWorld = {
  tools: TOOLS,
  agents: ['ann', 'bob'].map(agent),
  connections: ['one', 'two'].map((slug) => ({ slug, provider: 'mcp' })),
}
const GROUPS: PolicyDocument['groups'] = {
  plain: {},
  mixed: { agents: ['bob'], claims: [{ path: '/k', equals: 'x' }] },
}

const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 })
/** Keys that are there or not, but at least one. */
const partly = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] }).filter((value) => Object.keys(value).length > 0)

const who = {
  agents: some('ann', 'bob', '*'),
  users: some('u1', 'u2'),
  groups: some('plain', 'mixed'),
  claims: fc.constantFrom(
    [{ path: '/k', equals: 'x' }],
    [
      { path: '/k', equals: 'x' },
      { path: '/k', equals: 'y' },
    ],
  ),
}
const which = {
  connections: some('one', 'two'),
  names: some('read', 'write', 'drop'),
  effects: some('read', 'write', 'destructive', 'unclassified'),
}
const constraint = fc.oneof(
  fc.constant({ absent: true }),
  fc.record(
    { in: some('p', 'q'), max: fc.integer({ min: 0, max: 2 }), maxItems: fc.constant(2), optional: fc.constant(true) },
    { requiredKeys: [] },
  ),
)
const hours = fc.constantFrom({ from: '06:00', to: '12:00' }, { from: '10:00' }, { to: '20:00' })

export const rule = fc
  .record(
    {
      effect: fc.constantFrom('allow', 'allow', 'deny', 'require'),
      enabled: fc.constantFrom(true, true, true, false),
      run: fc.constantFrom({ seen: ['bad'] }, { seen: ['bad', 'secret'] }),
      obligations: fc.constantFrom(
        { log: 'hash' },
        { approval: { approvers: ['plain'] } },
        { quota: { limit: 2, window: 'day' } },
      ),
      subjects: partly({ ...who, except: partly(who) }),
      tools: partly({ ...which, except: partly(which) }),
      when: hours,
      args: partly({ '/x': constraint, '/y': constraint }),
      closedArgs: fc.constant(true),
    },
    { requiredKeys: ['effect'] },
  )
  .map(({ closedArgs, obligations, ...rest }) => ({
    ...rest,
    ...(rest.effect === 'deny' || closedArgs === undefined ? {} : { closedArgs }),
    ...(rest.effect === 'deny' || (rest.effect === 'allow' && obligations === undefined)
      ? {}
      : { obligations: obligations ?? { log: 'hash' } }),
  }))

export type Draft = (typeof rule extends fc.Arbitrary<infer T> ? T : never) & { readonly mode?: string }
export const rules = fc.array(rule, { maxLength: 8 })
export const toDocument = (list: readonly Draft[]): PolicyDocument =>
  policyDocumentSchema.parse({ groups: GROUPS, rules: list.map((one, index) => ({ ...one, id: `r${index}` })) })
export const compiled = (document: PolicyDocument): CompiledPolicy =>
  compilePolicy(document, WORLD, { tolerant: true }).policy

const leaf: fc.Arbitrary<Json> = fc.constantFrom('p', 'q', 'z', 0, 1, 3, null, true)
const value: fc.Arbitrary<Json> = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.constant({ p: 'p' }))
const principal: fc.Arbitrary<Principal> = fc.record({
  id: fc.constant('x'),
  organisation: fc.constant('acme'),
  agent: fc.constantFrom('ann', 'bob'),
  user: fc.constantFrom('u1', 'u2', 'u3'),
  groups: fc.constantFrom([], ['plain'], ['mixed', 'stranger']),
  claims: fc.constantFrom<JsonObject>({}, { k: 'x' }, { k: 'y' }, { k: ['x'] }, { k: null }, { k: 1 }),
  credential: fc.constant('jwt' as const),
})
export const question: fc.Arbitrary<Question> = fc
  .record({
    principal,
    tool: fc.constantFrom(...TOOLS),
    verb: fc.constantFrom('see', 'invoke'),
    input: fc.record({ x: value, y: value, z: value }, { requiredKeys: [] }),
    at: fc.integer({ min: 0, max: 23 }).map((hour) => Date.UTC(2026, 10, 20, hour, 30)),
    labels: fc.constantFrom(undefined, new Set<string>(), new Set(['bad']), new Set(['secret', 'other'])),
  })
  .map(({ labels, ...rest }) => ({ ...rest, ...(labels && { labels }) }))
export const questions = fc.array(question, { minLength: 10, maxLength: 20 })
