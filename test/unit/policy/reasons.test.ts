import { describe, expect, it } from 'vitest'
import { decide } from '../../../src/policy/decide.ts'
import { outcomeOf, subjectOf } from '../../../src/policy/outcome.ts'
import { call, compile, NOON, principalOf, reasonOf, toolNamed, toolOf } from './office.ts'

const ID = 'conn:slack:try'
const names = ['a', 'b', 'c', 'd', 'e', 'f']
const TOOL = toolOf('slack', 'try', {}, Object.fromEntries(names.map((name) => [name, {}])))
const all = { id: 'all', effect: 'allow' }
const AGAIN = 'Change that and call again, or ask an admin.'
const ask = (rules: readonly object[], args = {}, seen?: readonly string[]) =>
  call(compile({ rules }, { tools: [TOOL] }), { tool: 'slack:try', args, ...(seen && { seen }) })
const args = (...pointers: readonly string[]) => ({
  args: Object.fromEntries(pointers.map((pointer) => [pointer, { notIn: [1] }])),
})

describe('the reason of a denial', () => {
  const deny = (more: object) => [all, { id: 'no', effect: 'deny', ...more }]

  it('says that nothing can be changed where a deny has no conditions', () => {
    expect(reasonOf(ask(deny({})))).toBe(
      `Rule "no" denies ${ID}, whatever the arguments are. Do it another way, or ask an admin.`,
    )
  })

  it('says what a deny is about: arguments, the time, the run', () => {
    const values = Object.fromEntries(names.map((name) => [name, 2]))
    const because = (more: object) => reasonOf(ask(deny(more), values, ['untrusted']))
    expect(because(args('/a'))).toBe(`Rule "no" denies ${ID} because of /a. ${AGAIN}`)
    expect(because(args('/a', '/b', '/c', '/d', '/e', '/f'))).toBe(
      `Rule "no" denies ${ID} because of /a, /b, /c, /d, /e. ${AGAIN}`,
    )
    expect(because({ when: { days: ['fri'] } })).toBe(`Rule "no" denies ${ID} at this time. ${AGAIN}`)
    expect(because({ run: { seen: ['untrusted'] } })).toBe(
      `Rule "no" denies ${ID} after what this run has seen. ${AGAIN}`,
    )
    expect(because({ ...args('/a'), when: { days: ['fri'] }, run: { seen: ['untrusted'] } })).toBe(
      `Rule "no" denies ${ID} because of /a and at this time and after what this run has seen. ${AGAIN}`,
    )
  })

  it('speaks of all arguments where the rule does', () => {
    const policy = compile(
      { rules: deny({ args: { '': { schema: {} } } }) },
      { tools: [TOOL] },
      { validateSchema: () => true },
    )
    expect(reasonOf(call(policy, { tool: 'slack:try' }))).toBe(
      `Rule "no" denies ${ID} because of the arguments. ${AGAIN}`,
    )
  })

  it('says what a deny could not tell', () => {
    expect(reasonOf(ask(deny(args('/a'))))).toBe(`Rule "no" denies ${ID}: /a is missing and must be given. ${AGAIN}`)
  })

  it('says what an allow or a require asks for', () => {
    expect(reasonOf(ask([{ ...all, ...args('/a') }]))).toBe(
      `Rule "all" does not allow this call of ${ID}: /a is missing and must be given. ${AGAIN}`,
    )
    expect(reasonOf(ask([]))).toBe(`No rule allows ${ID} here. Use another tool, or ask an admin to allow it.`)
  })

  it('says what an admin has to do with it', () => {
    const policy = compile({ rules: [all] }, { tools: [TOOL] })
    const asked = { principal: principalOf('ci'), verb: 'see' as const, at: NOON }
    expect(reasonOf(decide(policy, { ...asked, tool: { ...TOOL, quarantined: true } }))).toBe(
      `${ID} has changed since an admin accepted it, and is held back until an admin accepts the change.`,
    )
    const broken = {
      ...policy,
      find: () => {
        throw new Error('broken')
      },
    }
    expect(decide(broken, { ...asked, tool: TOOL })).toEqual({
      effect: 'deny',
      rule: undefined,
      reason:
        'Whether this call is allowed could not be decided, so that it is denied. Tell an admin if it happens again.',
      trace: [],
    })
  })
})

describe('what becomes of a call', () => {
  const allowed = { because: 'Rule "all" allows it.' }

  it('is an allow by the first of all rules that allow it', () => {
    const rules = [
      all,
      { ...all, id: 'more' },
      { ...all, id: 'narrow', ...args('/a') },
      { id: 'log', effect: 'require', obligations: { log: 'hash' } },
    ]
    expect(outcomeOf(ask(rules))).toEqual({ kind: 'allow', rule: 'all', rules: ['all', 'more'], ...allowed })
  })

  it('is an approval by the rules that ask for one', () => {
    const approval = { approval: { approvers: ['machines'] } }
    const asking = (id: string) => ({ id, effect: 'require', obligations: { ...approval, log: 'hash' } })
    expect(outcomeOf(ask([all, asking('x'), asking('y')]))).toEqual({
      kind: 'approval',
      rule: 'x',
      rules: ['x', 'y'],
      ...allowed,
    })
  })

  it('is a denial by the rule that denies, by the limit that is used up, or by none', () => {
    expect(outcomeOf(ask([all]), 'few')).toEqual({
      kind: 'deny',
      rule: 'few',
      rules: ['few'],
      because: 'The limit of rule "few" is used up.',
    })
    expect(outcomeOf(ask([all, { id: 'no', effect: 'deny' }]), 'few')).toMatchObject({ rule: 'no', rules: ['no'] })
    expect(outcomeOf(ask([]))).toEqual({
      kind: 'deny',
      rule: undefined,
      rules: [],
      because: `No rule allows ${ID} here. Use another tool, or ask an admin to allow it.`,
    })
  })

  it('counts for the agent, the user, the tool, the connection and the organisation', () => {
    const tool = toolNamed('slack:post_message')
    expect(subjectOf({ principal: principalOf('ci', { user: 'ann' }), tool })).toEqual({
      agent: 'ci',
      user: 'ann',
      tool: 'conn:slack:post_message',
      connection: 'slack',
      organisation: 'acme',
    })
  })
})
