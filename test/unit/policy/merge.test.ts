import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { compilePolicy } from '../../../src/policy/compile.ts'
import { effectiveRules } from '../../../src/policy/effective.ts'
import { mergeDocuments } from '../../../src/policy/merge.ts'
import type { PolicyProblem } from '../../../src/policy/problem.ts'
import { runPolicyTests } from '../../../src/policy/policy-tests.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'
import { call, NOON, principalOf, WORLD } from './office.ts'

const parse = (document: object) => policyDocumentSchema.parse({ rules: [], ...document })
const allow = (id: string, more: object = {}) => ({ id, effect: 'allow', tools: { connections: ['slack'] }, ...more })
const LIST = { as: { agent: 'ci' }, call: { tool: 'conn:slack:list_channels' }, expect: 'allow' }

function problemsOf(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError) return error.data?.['problems']
  }
  throw new Error('nothing was refused')
}

function compileBoth(declared: object, managed: object) {
  const { document, origins } = mergeDocuments(parse(declared), parse(managed))
  return compilePolicy(document, WORLD, { origins }).policy
}

describe('a declared and a managed document', () => {
  it('are evaluated together: a deny of either wins, groups of either count, and the tests of both run', () => {
    const policy = compileBoth(
      { groups: { bots: { agents: ['ci'] } }, rules: [allow('slack')], tests: [{ name: 'declared', ...LIST }] },
      {
        groups: { others: {} },
        rules: [{ id: 'no-posts', effect: 'deny', subjects: { groups: ['bots'] }, tools: { names: ['post_message'] } }],
        tests: [{ name: 'managed', ...LIST }],
      },
    )
    expect(call(policy, { as: principalOf('ci'), tool: 'slack:post_message' })).toMatchObject({ rule: 'no-posts' })
    expect(call(policy, { as: principalOf('helper'), tool: 'slack:post_message' }).effect).toBe('allow')
    expect(runPolicyTests(policy, { at: NOON }).results.map(({ name }) => name)).toEqual(['declared', 'managed'])
    expect(Object.keys(policy.document.groups ?? {})).toEqual(['bots', 'others'])
  })

  it('are shown with their origin, their mode and what they select', () => {
    const policy = compileBoth(
      { rules: [allow('a')] },
      { rules: [allow('b', { mode: 'shadow' }), allow('c', { enabled: false })] },
    )
    expect(effectiveRules(policy).map(({ rule, ...rest }) => [rule.id, rest])).toEqual([
      ['a', { origin: 'declared', enabled: true, mode: 'enforce', tools: 5 }],
      ['b', { origin: 'managed', enabled: true, mode: 'shadow', tools: 5 }],
      ['c', { origin: 'managed', enabled: false, mode: 'enforce', tools: 0 }],
    ])
    expect(policy.originOf('b')).toBe('managed')
  })

  it('must not share a name, and the refusal names both', () => {
    const declared = parse({ groups: { g: {} }, rules: [allow('x'), allow('y')] })
    const managed = parse({ groups: { g: {} }, rules: [allow('z'), allow('y')] })
    expect(problemsOf(() => mergeDocuments(declared, managed))).toEqual([
      {
        rule: 'y',
        path: '/rules/1/id',
        origin: 'managed',
        message:
          'The managed rule "y" has the name of a declared rule in gateway.config.json. Give one of them another name.',
      },
      expect.objectContaining({ path: '/groups/g', origin: 'managed' }),
    ])
  })

  it('are refused with the first twin in the sentence, and how many more there are', () => {
    const declared = parse({ groups: { g: {} }, rules: [allow('x'), allow('y')] })
    const first =
      'The policy cannot be used: The managed rule "y" has the name of a declared rule in gateway.config.json. Give one of them another name.'
    const messageOf = (managed: object) => {
      try {
        mergeDocuments(declared, parse(managed))
      } catch (error) {
        return error instanceof GatewayError ? [error.code, error.message] : []
      }
      return []
    }
    expect(messageOf({ rules: [allow('y')] })).toEqual(['policy_invalid', first])
    expect(messageOf({ groups: { g: {} }, rules: [allow('y'), allow('x')] })).toEqual([
      'policy_invalid',
      `${first} (and 2 more)`,
    ])
    expect(problemsOf(() => mergeDocuments(declared, parse({ groups: { g: {} } })))).toEqual([
      {
        path: '/groups/g',
        origin: 'managed',
        message:
          'The managed group "g" has the name of a declared group in gateway.config.json. Give one of them another name.',
      },
    ])
  })

  it('have only the parts that one of them has', () => {
    const merged = (declared: object, managed: object) => mergeDocuments(parse(declared), parse(managed)).document
    const [groups, tests] = [{ g: {} }, [{ name: 't', ...LIST }]]
    expect(merged({}, {})).toStrictEqual({ rules: [] })
    expect(merged({ groups, tests }, {})).toStrictEqual({ rules: [], groups, tests })
    expect(merged({}, { groups, tests })).toStrictEqual({ rules: [], groups, tests })
  })

  it('have their problems told in the document that they are in', () => {
    const bad = (id: string) => allow(id, { subjects: { agents: ['nobody'] } })
    expect(
      problemsOf(() =>
        compileBoth(
          { groups: { g: { agents: ['x'] } }, rules: [allow('a'), bad('b')] },
          { groups: { h: { agents: ['y'] } }, rules: [allow('c'), bad('d')] },
        ),
      ),
    ).toMatchObject([
      { path: '/groups/g/agents/0', origin: 'declared' },
      { path: '/groups/h/agents/0', origin: 'managed' },
      { rule: 'b', path: '/rules/1/subjects/agents/0', origin: 'declared' },
      { rule: 'd', path: '/rules/1/subjects/agents/0', origin: 'managed' },
    ])
    const { origins } = mergeDocuments(
      parse({ rules: [allow('a')], tests: [{ name: 't', ...LIST }] }),
      parse({ rules: [allow('b')], tests: [{ name: 'u', ...LIST }] }),
    )
    const located = (path: string) => {
      const found: PolicyProblem = origins.locate({ path, message: '' })
      return [found.origin, found.path]
    }
    expect(located('/rules/0/id')).toEqual(['declared', '/rules/0/id'])
    expect(located('/rules/1')).toEqual(['managed', '/rules/0'])
    expect(located('/tests/0/name')).toEqual(['declared', '/tests/0/name'])
    expect(located('/tests/1/name')).toEqual(['managed', '/tests/0/name'])
    expect(located('/timezone')).toEqual(['declared', '/timezone'])
    expect(located('')).toEqual(['declared', ''])
    expect(
      mergeDocuments(parse({}), parse({ tests: [{ name: 'u', ...LIST }] })).origins.locate({
        path: '/tests/0',
        message: '',
      }),
    ).toMatchObject({ origin: 'managed', path: '/tests/0' })
  })

  it('keep their own time zones; a managed one without has the declared one', () => {
    const early = (id: string) =>
      allow(id, { when: { to: '13:00' }, obligations: { quota: { limit: 1, window: 'day' } } })
    const declared = parse({ timezone: 'Europe/Berlin', rules: [early('a')] })
    const zonesOf = (managed: object) =>
      mergeDocuments(declared, parse(managed)).document.rules.map(({ when, obligations }) => [
        when?.timezone,
        obligations?.quota?.timezone,
      ])
    expect(zonesOf({ rules: [early('b')] })).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ])
    expect(zonesOf({ timezone: 'Asia/Tokyo', rules: [early('b')] })[1]).toEqual(['Asia/Tokyo', 'Asia/Tokyo'])
    const plain = { timezone: 'Asia/Tokyo', rules: [allow('b')] }
    expect(mergeDocuments(declared, parse(plain)).document.rules[1]).toStrictEqual(allow('b'))
    const mixed = [
      [undefined, 'UTC'],
      ['UTC', undefined],
      ['UTC', 'UTC'],
    ] as const
    for (const [one, other] of mixed) {
      const managed = parse({ timezone: other, rules: [early('b')] })
      expect(mergeDocuments(parse({ timezone: one }), managed).document.rules).toStrictEqual(managed.rules)
    }
    const policy = compileBoth({ timezone: 'Europe/Berlin' }, { timezone: 'America/New_York', rules: [early('b')] })
    expect(call(policy, { tool: 'slack:list_channels', at: NOON + 3_600_000 * 2 }).effect).toBe('allow')
  })
})
