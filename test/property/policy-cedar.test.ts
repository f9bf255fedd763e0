import { preparsePolicySet, statefulIsAuthorized } from '@cedar-policy/cedar-wasm/nodejs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { Agent } from '../../src/kernel/principal.ts'
import type { Tool, ToolTraits } from '../../src/kernel/tool.ts'
import { compilePolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { policyDocumentSchema } from '../../src/policy/schema.ts'
import { catalogTool, sourceTool } from '../helpers/tools.ts'
import { toCedar, toRequest } from './policy-to-cedar.ts'

const inputSchema: JsonObject = { type: 'object' }
const tool = (connection: string, name: string, traits: Partial<ToolTraits>): Tool =>
  catalogTool(connection, sourceTool(name, traits, { inputSchema }))
const TOOLS = [
  tool('mail', 'read_mail', { effect: 'read', tags: ['private'] }),
  tool('mail', 'send_mail', { effect: 'write', external: true }),
  tool('mail', 'drop_mail', { effect: 'destructive' }),
  tool('chat', 'read_chat', { effect: 'read', tags: ['private', 'loud'] }),
  tool('chat', 'post', { effect: 'write', tags: ['loud'] }),
  tool('web', 'fetch', { effect: 'unclassified', external: true }),
]
const AGENTS = ['ann', 'bob', 'bot-1'].map((id): Agent => ({
  id,
  groups: [],
  toolNames: 'portable',
  enabled: true,
  origin: 'declared',
}))
const GROUPS = {
  plain: {},
  mixed: { agents: ['bot-*'], claims: [{ path: '/k', equals: 'x' }] },
  users: { users: ['u1'] },
}
const WORLD = {
  tools: TOOLS,
  agents: AGENTS,
  connections: ['mail', 'chat', 'web'].map((slug) => ({ slug, provider: 'mcp' })),
}

const some = <T>(...values: readonly T[]) => fc.uniqueArray(fc.constantFrom(...values), { minLength: 1, maxLength: 3 })
/** Keys that are mostly not there, but at least one. */
const partly = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc
    .tuple(fc.record(model), fc.subarray(Object.keys(model), { minLength: 1, maxLength: 2 }))
    .map(([value, keys]) => Object.fromEntries(Object.entries(value).filter(([key]) => keys.includes(key))))
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary })
const who = {
  agents: some('ann', 'bob', 'bot-*', '*'),
  users: some('u1', 'u2'),
  groups: some('plain', 'mixed', 'users'),
  claims: fc.constantFrom(
    [{ path: '/k', equals: 'x' }],
    [
      { path: '/k', equals: 'x' },
      { path: '/k', equals: 'y' },
    ],
  ),
}
const which = {
  connections: some('mail', 'chat', 'w*'),
  names: some('read_*', 'send_mail', '*mail', 'post'),
  effects: some('read', 'write', 'destructive', 'unclassified'),
  tags: some('private', 'loud'),
  external: fc.boolean(),
}
const ADDRESSES = ['ann@corp.com', 'eve@evil.test', 'bob@sub.corp.com', 'eve@corp.com.evil.test'] as const
const onText = fc.oneof(
  fc.constant({ absent: true }),
  partly({
    in: some(...ADDRESSES),
    notIn: some(...ADDRESSES),
    emailDomains: some('corp.com', 'sub.corp.com'),
    optional: fc.constant(true),
  }),
)
const onNumber = partly({
  min: fc.constantFrom(0, 1),
  max: fc.constantFrom(1, 2),
  equals: fc.constantFrom(0, 1, 2),
  optional: fc.constant(true),
})

const rule = fc
  .record({
    effect: fc.constantFrom('allow', 'allow', 'allow', 'deny', 'require'),
    subjects: seldom(partly({ ...who, except: partly(who) })),
    tools: seldom(partly({ ...which, except: partly(which) })),
    when: seldom(fc.constantFrom({ from: '06:00', to: '12:00' }, { from: '10:00' }, { to: '20:00' })),
    run: seldom(fc.constantFrom({ seen: ['bad'] }, { seen: ['bad', 'secret'] })),
    args: seldom(partly({ '/to': onText, '/amount': onNumber })),
    closedArgs: seldom(fc.constant(true)),
  })
  .map(({ closedArgs, ...rest }) => ({
    ...rest,
    ...(rest.effect === 'deny' || !closedArgs ? {} : { closedArgs }),
    ...(rest.effect === 'require' ? { obligations: { log: 'hash' } } : {}),
  }))

const question: fc.Arbitrary<Question> = fc
  .record({
    agent: fc.constantFrom('ann', 'bob', 'bot-1'),
    user: fc.constantFrom(undefined, 'u1', 'u2'),
    groups: fc.constantFrom<readonly string[]>([], ['plain'], ['mixed', 'stranger']),
    claims: fc.constantFrom<JsonObject>({}, { k: 'x' }, { k: 'y' }, { k: 'z' }),
    tool: fc.constantFrom(...TOOLS),
    input: fc.record(
      { to: fc.constantFrom(...ADDRESSES), amount: fc.integer({ min: 0, max: 3 }), other: fc.constant(1) },
      { requiredKeys: [] },
    ),
    hour: fc.integer({ min: 0, max: 23 }),
    labels: fc.constantFrom(undefined, [], ['bad'], ['secret', 'other']),
  })
  .map(({ agent, user, groups, claims, hour, labels, ...rest }) => ({
    ...rest,
    verb: 'invoke',
    at: Date.UTC(2026, 10, 20, hour, 30),
    principal: { id: 'x', organisation: 'acme', agent, ...(user && { user }), groups, claims, credential: 'key' },
    ...(labels && { labels: new Set(labels) }),
  }))

/** Cedar keeps each set that it was given under an id of its own; the same id takes the place of the one before. */
const SET = 'policies'

function cedarAllows(asked: Question): boolean {
  const answer = statefulIsAuthorized({ ...toRequest(asked), preparsedPolicySetId: SET })
  if (answer.type === 'failure') throw new Error(JSON.stringify(answer.errors))
  expect(answer.response.diagnostics.errors).toEqual([])
  return answer.response.decision === 'allow'
}

describe('decide and Cedar', () => {
  it('come to the same 6,000 times, on what both can say', () => {
    const counts = { allow: 0, deny: 0 }
    fc.assert(
      fc.property(
        fc.array(rule, { minLength: 1, maxLength: 8 }),
        fc.array(question, { minLength: 20, maxLength: 20 }),
        (list, asked) => {
          const document = policyDocumentSchema.parse({
            groups: GROUPS,
            rules: list.map((one, index) => ({ ...one, id: `r${index}` })),
          })
          const { policy } = compilePolicy(document, WORLD, { tolerant: true })
          expect(preparsePolicySet(SET, { staticPolicies: toCedar(document) })).toEqual({ type: 'success' })
          for (const one of asked) {
            const { effect } = decide(policy, one)
            counts[effect]++
            expect(effect === 'allow').toBe(cedarAllows(one))
          }
        },
      ),
      { numRuns: 300 },
    )
    expect(counts.allow + counts.deny).toBe(6_000)
    expect(Math.min(counts.allow, counts.deny)).toBeGreaterThan(200)
  }, 60_000)
})
