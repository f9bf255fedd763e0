import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../src/kernel/json.ts'
import type { Question } from '../../src/kernel/policy.ts'
import type { Agent, Principal } from '../../src/kernel/principal.ts'
import type { Tool } from '../../src/kernel/tool.ts'
import { compilePolicy, type CompiledPolicy } from '../../src/policy/compile.ts'
import { decide } from '../../src/policy/decide.ts'
import { explain } from '../../src/policy/explain.ts'
import { policyDocumentSchema, type PolicyDocument } from '../../src/policy/schema.ts'
import { viewOf } from '../../src/policy/view.ts'
import type { PolicyWorld } from '../../src/policy/world.ts'
import { catalogTool, sourceTool } from '../helpers/tools.ts'
import { referenceDecision } from './policy-reference.ts'

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
const WORLD: PolicyWorld = {
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

const rule = fc
  .record(
    {
      effect: fc.constantFrom('allow', 'allow', 'deny', 'require'),
      enabled: fc.constantFrom(true, true, true, false),
      subjects: partly({ ...who, except: partly(who) }),
      tools: partly({ ...which, except: partly(which) }),
      when: hours,
      args: partly({ '/x': constraint, '/y': constraint }),
      closedArgs: fc.constant(true),
    },
    { requiredKeys: ['effect'] },
  )
  .map(({ closedArgs, ...rest }) => ({
    ...rest,
    ...(rest.effect === 'deny' || closedArgs === undefined ? {} : { closedArgs }),
    ...(rest.effect === 'require' ? { obligations: { log: 'hash' } } : {}),
  }))

type Draft = typeof rule extends fc.Arbitrary<infer T> ? T : never
const rules = fc.array(rule, { maxLength: 8 })
const toDocument = (list: readonly Draft[]): PolicyDocument =>
  policyDocumentSchema.parse({ groups: GROUPS, rules: list.map((one, index) => ({ ...one, id: `r${index}` })) })
const compiled = (document: PolicyDocument): CompiledPolicy => compilePolicy(document, WORLD, { tolerant: true }).policy

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
const question: fc.Arbitrary<Question> = fc.record({
  principal,
  tool: fc.constantFrom(...TOOLS),
  verb: fc.constantFrom('see', 'invoke'),
  input: fc.record({ x: value, y: value, z: value }, { requiredKeys: [] }),
  at: fc.integer({ min: 0, max: 23 }).map((hour) => Date.UTC(2026, 10, 20, hour, 30)),
})
const questions = fc.array(question, { minLength: 10, maxLength: 20 })
const isAllowed = (policy: CompiledPolicy, asked: Question): boolean => decide(policy, asked).effect === 'allow'
const RUNS = { numRuns: 100 }

describe('decide, whatever the policy', () => {
  it('agrees with a plain reading of the document', () => {
    let allowed = 0
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const document = toDocument(list)
        const policy = compiled(document)
        for (const one of asked) {
          expect(isAllowed(policy, one)).toBe(referenceDecision(document, one))
          if (isAllowed(policy, one)) allowed++
        }
      }),
      { numRuns: 400 },
    )
    expect(allowed).toBeGreaterThan(100)
  })

  it('does not depend on the order of the rules', () => {
    const shuffled = rules.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray([...list.keys()], { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, questions, ([list, order], asked) => {
        const document = toDocument(list)
        const policy = compiled(document)
        const reordered = order.map((index) => document.rules[index]).filter((one) => one !== undefined)
        const other = compiled({ ...document, rules: reordered })
        for (const one of asked) expect(decide(other, one)).toEqual(decide(policy, one))
      }),
      RUNS,
    )
  })

  it('never opens when a deny or a require is added, for seeing and for calling', () => {
    const closing = rule.filter(({ effect }) => effect !== 'allow')
    fc.assert(
      fc.property(rules, closing, questions, (list, added, asked) => {
        const before = compiled(toDocument(list))
        const after = compiled(toDocument([...list, added]))
        for (const one of asked) if (isAllowed(after, one)) expect(isAllowed(before, one)).toBe(true)
      }),
      RUNS,
    )
  })

  it('lets nobody call what it does not let them see, and lists exactly what it lets them see', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const seen = isAllowed(policy, { ...one, verb: 'see' })
          expect(viewOf(policy, one.principal).features.includes(one.tool)).toBe(seen)
          if (isAllowed(policy, { ...one, verb: 'invoke' })) expect(seen).toBe(true)
        }
      }),
      RUNS,
    )
  })

  it('gives principals the same view exactly when the same rules are about them, however often a group is named', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const { principal } = one
          const twice = { ...principal, groups: [...principal.groups, ...principal.groups].toReversed() }
          expect(decide(policy, { ...one, principal: twice })).toEqual(decide(policy, one))
          expect(viewOf(policy, twice)).toBe(viewOf(policy, principal))
        }
      }),
      RUNS,
    )
  })

  it('allows nothing by a rule whose conditions fail with an exception', () => {
    const hostile: JsonObject = new Proxy(
      {},
      {
        getOwnPropertyDescriptor: () => {
          throw new Error('no')
        },
        ownKeys: () => {
          throw new Error('no')
        },
        get: () => {
          throw new Error('no')
        },
      },
    )
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const conditional = list.map((one) => ({ ...one, args: one.args ?? { '/x': { in: ['p'] } } }))
        const policy = compiled(toDocument(conditional))
        for (const one of asked) expect(isAllowed(policy, { ...one, verb: 'invoke', input: hostile })).toBe(false)
      }),
      RUNS,
    )
  })

  it('gives the same answer when it explains', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const explanation = explain(policy, one)
          expect(explanation.decision).toEqual(decide(policy, one))
          expect(explanation.rules.map((entry) => entry.rule)).toEqual(policy.rules.map(({ id }) => id))
          if (one.tool.quarantined) continue
          const silent = explanation.rules.filter((entry) => !entry.selected).map((entry) => entry.note)
          expect(silent).not.toContain('the question was answered before the rule was asked')
        }
      }),
      RUNS,
    )
  })

  it('names its rule and its reason whenever a rule decided', () => {
    fc.assert(
      fc.property(rules, questions, (list, asked) => {
        const policy = compiled(toDocument(list))
        for (const one of asked) {
          const decision = decide(policy, one)
          if (decision.effect === 'deny' && decision.rule !== undefined) {
            expect(decision.reason).toContain(`"${decision.rule}"`)
            expect(decision.trace.map((entry) => entry.rule)).toContain(decision.rule)
          }
          if (decision.effect === 'allow')
            expect(decision.trace.some((entry) => entry.rule === decision.rule && entry.matched)).toBe(true)
        }
      }),
      RUNS,
    )
  })
})
