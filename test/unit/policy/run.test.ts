import { describe, expect, it } from 'vitest'
import { mayConcern } from '../../../src/policy/concerns.ts'
import { runPolicyTests } from '../../../src/policy/policy-tests.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, NOON, principalOf, reasonOf } from './office.ts'

const all = { id: 'all', effect: 'allow' }
const run = { seen: ['untrusted', 'secret'] }
const POST = { tool: 'slack:post_message', args: { channel: 'c', text: 'hi' } }
const CLEAN = { ...POST, seen: [] }
const TAINTED = { ...POST, seen: ['untrusted'] }

describe('a rule about runs', () => {
  it('that requires is about a run that has seen one of its labels, and about no other', () => {
    const approval = { approvers: ['machines'] }
    const policy = compile({ rules: [all, { id: 'careful', effect: 'require', run, obligations: { approval } }] })
    expect(call(policy, TAINTED)).toMatchObject({
      effect: 'allow',
      obligations: [{ kind: 'approval', rule: 'careful' }],
    })
    expect(call(policy, { ...POST, seen: ['secret', 'other'] })).toMatchObject({ obligations: [{ rule: 'careful' }] })
    expect(call(policy, CLEAN)).toMatchObject({ effect: 'allow', obligations: [] })
    expect(call(policy, { ...POST, seen: ['other'] })).toMatchObject({ effect: 'allow', obligations: [] })
  })

  it('that requires arguments asks for them only after such content', () => {
    const args = { '/channel': { equals: 'ours' } }
    const policy = compile({
      rules: [all, { id: 'ours', effect: 'require', run, tools: { names: ['post_message'] }, args }],
    })
    expect(call(policy, CLEAN).effect).toBe('allow')
    expect(call(policy, TAINTED)).toMatchObject({ effect: 'deny', rule: 'ours' })
  })

  it('that denies says so, and never hides the tool', () => {
    const policy = compile({ rules: [all, { id: 'never', effect: 'deny', run, tools: { connections: ['slack'] } }] })
    expect(call(policy, CLEAN).effect).toBe('allow')
    expect(reasonOf(call(policy, TAINTED))).toBe(
      'Rule "never" denies conn:slack:post_message after what this run has seen. Change that and call again, or ask an admin.',
    )
    expect(viewOf(policy, principalOf('ci')).tools.map(({ name }) => name)).toContain('post_message')
    expect(mayConcern(policy, principalOf('ci'), { slug: 'slack', provider: 'slack' })).toBe(true)
  })

  it('that allows grants only after such content, and shows the tool before', () => {
    const policy = compile({ rules: [{ ...all, run }] })
    expect(call(policy, TAINTED).effect).toBe('allow')
    expect(call(policy, CLEAN).effect).toBe('deny')
    expect(viewOf(policy, principalOf('ci')).tools.length).toBeGreaterThan(5)
  })

  it('restricts and does not grant where nobody knows what the run has seen', () => {
    const unknown = POST
    expect(call(compile({ rules: [{ ...all, run }] }), unknown).effect).toBe('deny')
    expect(call(compile({ rules: [all, { id: 'never', effect: 'deny', run }] }), unknown).effect).toBe('deny')
    const careful = { id: 'careful', effect: 'require', run, obligations: { log: 'hash' } }
    expect(call(compile({ rules: [all, careful] }), unknown)).toMatchObject({ obligations: [{ rule: 'careful' }] })
  })

  it('is named in the trace when it is not about the run', () => {
    const policy = compile({ rules: [all, { id: 'never', effect: 'deny', run }] })
    expect(call(policy, CLEAN).trace).toEqual([
      { rule: 'all', effect: 'allow', matched: true, note: 'match' },
      {
        rule: 'never',
        effect: 'deny',
        matched: false,
        note: 'does not apply: the run has not seen untrusted or secret',
      },
    ])
    expect(call(compile({ rules: [{ ...all, run }] }), POST).trace).toMatchObject([
      { note: 'does not apply: nobody knows what the run has seen' },
    ])
  })

  it('is put to the test by what a test says the run has seen', () => {
    const test = { name: 't', as: { agent: 'ci' }, call: { tool: 'conn:slack:post_message' } }
    const policy = compile({
      rules: [all, { id: 'never', effect: 'deny', run }],
      tests: [
        { ...test, expect: 'allow' },
        { ...test, seen: ['untrusted'], expect: 'deny', rule: 'never' },
      ],
    })
    expect(runPolicyTests(policy, { at: NOON })).toMatchObject({ passed: 2, failed: 0 })
  })
})
