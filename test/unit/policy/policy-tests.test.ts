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

  const resultOf = (test: Record<string, unknown>) =>
    runPolicyTests(compile({ rules: RULES, tests: [{ name: 't', as, ...test }] }), { at: NOON }).results[0]

  it('tell what was expected, what came out, and which rule decided', () => {
    const name = 't'
    expect(resultOf({ call: { tool: LIST }, expect: 'allow', rule: 'reads' })).toStrictEqual({
      name,
      expected: 'allow by rule "reads"',
      passed: true,
      got: 'allow by rule "reads"',
      rule: 'reads',
    })
    expect(resultOf({ call: { tool: 'conn:gmail:send_message' }, expect: 'deny' })).toStrictEqual({
      name,
      expected: 'deny',
      passed: true,
      got: 'deny',
    })
    expect(resultOf({ call: { tool: POST }, expect: 'allow' })).toStrictEqual({
      name,
      expected: 'allow',
      passed: false,
      got: 'approval by rule "posts"',
      message: 'Expected allow, but it is approval. Rule "posts" allows it.',
      rule: 'posts',
    })
    expect(resultOf({ call: { tool: 'conn:gmail:send_message' }, expect: 'deny', rule: 'posts' })).toStrictEqual({
      name,
      expected: 'deny by rule "posts"',
      passed: false,
      got: 'deny',
      message:
        'Expected rule "posts" to decide, but it did not. No rule allows conn:gmail:send_message here. Use another tool, or ask an admin to allow it.',
    })
    expect(resultOf({ as: { agent: 'nobody' }, call: { tool: LIST }, expect: 'deny' })).toStrictEqual({
      name,
      expected: 'deny',
      passed: false,
      got: 'nothing',
      message: 'There is no agent "nobody". Fix `as.agent`.',
    })
    expect(resultOf({ call: { tool: 'conn:x:y' }, expect: 'deny' })).toMatchObject({
      message: 'There is no tool "conn:x:y". Fix `call.tool`.',
    })
  })

  it('tell the rule that they name where several decide', () => {
    const rules = [...RULES, { ...RULES[0], id: 'too' }]
    const tests = [{ name: 't', as, call: { tool: LIST }, expect: 'allow', rule: 'too' }]
    const [result] = runPolicyTests(compile({ rules, tests }), { at: NOON }).results
    expect(result).toMatchObject({ passed: true, rule: 'too', got: 'allow by rule "reads"' })
  })

  it('tell what must and must not be seen', () => {
    expect(resultOf({ list: { exactly: [LIST, POST] } })).toStrictEqual({
      name: 't',
      expected: `exactly ${LIST}, ${POST}`,
      passed: true,
      got: 'as expected',
    })
    expect(resultOf({ list: { exactly: [] }, as: { agent: 'helper' } })).toStrictEqual({
      name: 't',
      expected: 'exactly nothing',
      passed: false,
      got: `It sees ${LIST}.`,
      message: `It sees ${LIST}.`,
    })
    expect(resultOf({ list: { includes: [POST], excludes: [LIST, POST] }, as: { agent: 'helper' } })).toMatchObject({
      expected: `includes ${POST}; excludes ${LIST}, ${POST}`,
      got: `It does not see ${POST}. It sees ${LIST}.`,
    })
    expect(resultOf({ list: { exactly: [POST, 'conn:slack:gone'] } })).toMatchObject({
      got: 'nothing',
      message: 'There is no tool "conn:slack:gone". Fix `list`.',
    })
    expect(resultOf({ list: { includes: ['conn:slack:gone'] } })?.passed).toBe(false)
    expect(resultOf({ list: { exactly: [LIST, POST, LIST] } })?.passed).toBe(true)
    expect(resultOf({ list: { includes: [] } })?.passed).toBe(true)
  })

  it('ask for the agent with the user, the claims and the run that they say', () => {
    const rules = [
      { id: 'ann', effect: 'allow', subjects: { users: ['ann'] }, tools: { names: ['list_channels'] } },
      {
        id: 'boss',
        effect: 'allow',
        subjects: { claims: [{ path: '/boss', equals: true }] },
        tools: { names: ['post_message'] },
        args: { '/text': { equals: 'hi' } },
      },
      { id: 'careful', effect: 'deny', run: { seen: ['untrusted'] } },
      {
        id: 'few',
        effect: 'require',
        tools: { names: ['list_channels'] },
        obligations: { quota: { limit: 2, window: 'day' } },
      },
    ]
    const passes = (test: object) =>
      runPolicyTests(compile({ rules, tests: [{ name: 't', as, expect: 'allow', ...test }] }), { at: NOON }).passed ===
      1
    const ann = { as: { agent: 'ci', user: 'ann' }, call: { tool: LIST } }
    expect(passes(ann)).toBe(true)
    expect(passes({ call: { tool: LIST } })).toBe(false)
    expect(passes({ ...ann, seen: ['untrusted'] })).toBe(false)
    expect(passes({ ...ann, times: 2 })).toBe(true)
    expect(passes({ ...ann, times: 3 })).toBe(false)
    expect(passes({ ...ann, times: 3, expect: 'deny', rule: 'few' })).toBe(true)
    const boss = { as: { agent: 'ci', claims: { boss: true } }, call: { tool: POST, args: { text: 'hi' } } }
    expect(passes(boss)).toBe(true)
    expect(passes({ ...boss, as })).toBe(false)
    expect(passes({ ...boss, call: { tool: POST } })).toBe(false)
  })

  it('are counted', () => {
    const tests = ['allow', 'deny'].map((expected) => ({ name: expected, as, call: { tool: LIST }, expect: expected }))
    expect(runPolicyTests(compile({ rules: RULES, tests }), { at: NOON })).toMatchObject({ passed: 1, failed: 1 })
    expect(runPolicyTests(compile({ rules: RULES }), { at: NOON })).toEqual({ passed: 0, failed: 0, results: [] })
  })
})
