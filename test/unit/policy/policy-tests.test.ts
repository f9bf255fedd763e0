import { describe, expect, it } from 'vitest'
import { runPolicyTests } from '../../../src/policy/policy-tests.ts'
import { compile, NOON } from './office.ts'

const RULES = [
  { id: 'reads', effect: 'allow', tools: { connections: ['slack'], effects: ['read'] } },
  {
    id: 'posts',
    effect: 'allow',
    subjects: { groups: ['machines'] },
    tools: { names: ['post_message'] },
    obligations: { approval: { approvers: ['machines'] } },
  },
  { id: 'days', effect: 'require', when: { days: ['fri'] } },
]
const LIST = 'conn:slack:list_channels'
const POST = 'conn:slack:post_message'
const as = { agent: 'ci' }

/** What is wrong with one test; undefined when it passes. */
const messageOf = (test: Record<string, unknown>): string | undefined =>
  runPolicyTests(compile({ rules: RULES, tests: [{ name: 't', as, ...test }] }), { at: NOON }).results[0]?.message

describe("a policy's own tests", () => {
  it('pass when the decision and the deciding rule are as expected', () => {
    expect(messageOf({ call: { tool: LIST }, expect: 'allow', rule: 'reads' })).toBeUndefined()
    expect(messageOf({ call: { tool: POST }, expect: 'approval', rule: 'posts' })).toBeUndefined()
    expect(messageOf({ call: { tool: POST }, expect: 'deny', as: { agent: 'helper' } })).toBeUndefined()
    expect(
      messageOf({ call: { tool: LIST }, expect: 'deny', rule: 'days', at: '2026-11-21T12:00:00Z' }),
    ).toBeUndefined()
    expect(messageOf({ list: { exactly: [LIST, POST] } })).toBeUndefined()
    expect(messageOf({ list: { includes: [LIST], excludes: [POST] }, as: { agent: 'helper' } })).toBeUndefined()
    expect(messageOf({ list: { includes: [POST] }, as: { agent: 'helper', groups: ['machines'] } })).toBeUndefined()
  })

  it('say what came out instead, and by which rule', () => {
    expect(messageOf({ call: { tool: LIST }, expect: 'deny' })).toBe(
      'Expected deny, but it is allow. Rule "reads" allows it.',
    )
    expect(messageOf({ call: { tool: POST }, expect: 'allow' })).toBe(
      'Expected allow, but it is approval. Rule "posts" allows it.',
    )
    expect(messageOf({ call: { tool: LIST }, expect: 'allow', rule: 'posts' })).toBe(
      'Expected rule "posts" to decide, but it did not. Rule "reads" allows it.',
    )
    expect(messageOf({ list: { exactly: [POST] }, as: { agent: 'helper' } })).toBe(
      `It does not see ${POST}. It sees ${LIST}.`,
    )
    expect(messageOf({ list: { excludes: [LIST] } })).toBe(`It sees ${LIST}.`)
  })

  it('fail on a typo instead of passing by accident', () => {
    expect(messageOf({ as: { agent: 'c1' }, call: { tool: LIST }, expect: 'deny' })).toBe(
      'There is no agent "c1". Did you mean "ci"? Fix `as.agent`.',
    )
    expect(messageOf({ call: { tool: 'conn:slack:post_mesage' }, expect: 'deny' })).toContain(`Did you mean "${POST}"?`)
    expect(messageOf({ list: { excludes: ['conn:slack:post_mesage'] } })).toContain(`Did you mean "${POST}"?`)
  })

  it('are counted', () => {
    const tests = ['allow', 'deny'].map((expected) => ({ name: expected, as, call: { tool: LIST }, expect: expected }))
    expect(runPolicyTests(compile({ rules: RULES, tests }), { at: NOON })).toMatchObject({ passed: 1, failed: 1 })
    expect(runPolicyTests(compile({ rules: RULES }), { at: NOON })).toEqual({ passed: 0, failed: 0, results: [] })
  })
})
