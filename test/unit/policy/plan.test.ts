import { describe, expect, it } from 'vitest'
import { planAccess, type AccessPlan } from '../../../src/policy/plan/plan-access.ts'
import { compile, principalOf, toolNamed, toolOf } from './office.ts'

const tools = { names: ['post_message'] }
const allow = { id: 'post', effect: 'allow', tools }
const approval = { approvers: ['machines'] }
const PRINCIPALS = [principalOf('sidekick'), principalOf('ci'), principalOf('helper')]
const POST = 'conn:slack:post_message'

/** The plan for one change of rules, as [kind, agent, tool, before, after, widening]. */
function planned(before: readonly unknown[], after: readonly unknown[]): readonly (readonly unknown[])[] {
  const plan = planOf(before, after)
  return (['gained', 'lost', 'approvalChanged', 'conditionsChanged', 'obligationsChanged'] as const).flatMap((kind) =>
    plan[kind].map((one) => [kind, one.agent, one.tool, one.before, one.after, one.widening]),
  )
}
const planOf = (before: readonly unknown[], after: readonly unknown[], listed?: number): AccessPlan =>
  planAccess(compile({ rules: before }), compile({ rules: after }), {
    principals: PRINCIPALS,
    ...(listed === undefined ? {} : { listed }),
  })
const NOTHING = {
  gained: 0,
  lost: 0,
  approvalChanged: 0,
  conditionsChanged: 0,
  obligationsChanged: 0,
  widening: 0,
}
const forCi = <T extends object>(rule: T) => ({ ...rule, subjects: { agents: ['ci'] } })

describe('an access plan', () => {
  it('is empty when the rules say the same in other words of id, order and description', () => {
    const other = { id: 'other', effect: 'deny', tools: { connections: ['gmail'] } }
    expect(
      planned(
        [allow, other],
        [
          { ...other, id: 'x' },
          { ...allow, id: 'y', description: 'z' },
        ],
      ),
    ).toEqual([])
    expect(planOf([allow, other], [allow, other]).totals).toEqual({ cells: 39, ...NOTHING, byAgent: {}, byEffect: {} })
  })

  it('tells who gains and who loses which tool', () => {
    expect(planned([], [forCi(allow)])).toEqual([['gained', 'ci', POST, 'none', 'allow', true]])
    expect(planned([allow], [forCi(allow)])).toEqual([
      ['lost', 'sidekick', POST, 'allow', 'none', false],
      ['lost', 'helper', POST, 'allow', 'none', false],
    ])
    expect(planned([forCi(allow)], [forCi(allow), { id: 'no', effect: 'deny', tools }])).toEqual([
      ['lost', 'ci', POST, 'allow', 'none', false],
    ])
    const bar = { id: 'bar', effect: 'require', tools, args: { '/text': { maxLength: 5 } } }
    expect(planned([forCi(allow), bar], [bar])).toEqual([['lost', 'ci', POST, 'conditional', 'none', false]])
    expect(planOf([forCi(allow)], []).totals).toEqual({
      cells: 39,
      ...NOTHING,
      lost: 1,
      byAgent: { ci: { ...NOTHING, lost: 1 } },
      byEffect: { write: { ...NOTHING, lost: 1 } },
    })
  })

  it('tells approvals that come and go, and marks the going as widening', () => {
    const ask = { id: 'ask', effect: 'require', tools, obligations: { approval } }
    expect(planned([forCi(allow)], [forCi(allow), ask])).toEqual([
      ['approvalChanged', 'ci', POST, 'allow', 'approval', false],
    ])
    expect(planned([forCi(allow), ask], [forCi(allow)])).toEqual([
      ['approvalChanged', 'ci', POST, 'approval', 'allow', true],
    ])
    const asking = { ...allow, obligations: { approval } }
    const both = [forCi(asking), { ...forCi(allow), id: 'too' }]
    expect(planned([forCi(asking)], both)).toEqual([])
    expect(planOf([forCi(asking)], both).totals).toEqual({ cells: 39, ...NOTHING, byAgent: {}, byEffect: {} })
    const rarely = forCi({ ...asking, args: { '/text': { maxLength: 5 } } })
    expect(planned([rarely], [rarely, { ...forCi(allow), id: 'too' }])).toEqual([
      ['approvalChanged', 'ci', POST, 'approval', 'allow', true],
    ])
    const later = { ...ask, obligations: { approval: { ...approval, quorum: 2 } } }
    expect(planned([forCi(allow), ask], [forCi(allow), later])).toEqual([
      ['approvalChanged', 'ci', POST, 'approval', 'approval', true],
    ])
  })

  it('sees that other people approve when a group gets another definition', () => {
    const asking = [{ ...forCi(allow), obligations: { approval: { approvers: ['bosses'] } } }]
    const of = (user: string) => compile({ groups: { bosses: { users: [user] } }, rules: asking })
    expect(planAccess(of('ann'), of('bob'), { principals: PRINCIPALS }).totals).toMatchObject({
      approvalChanged: 1,
      widening: 1,
    })
  })

  it('tells conditions that change, and that a bar more widens nothing', () => {
    const args = (most: number) => ({ args: { '/text': { maxLength: most } } })
    expect(planned([forCi({ ...allow, ...args(5) })], [forCi({ ...allow, ...args(9) })])).toEqual([
      ['conditionsChanged', 'ci', POST, 'conditional', 'conditional', true],
    ])
    const bar = { id: 'bar', effect: 'require', tools, ...args(5) }
    expect(planned([forCi(allow)], [forCi(allow), bar])).toEqual([
      ['conditionsChanged', 'ci', POST, 'allow', 'conditional', false],
    ])
    expect(planned([forCi(allow), bar], [forCi(allow)])).toEqual([
      ['conditionsChanged', 'ci', POST, 'conditional', 'allow', true],
    ])
    expect(planned([forCi(allow), bar], [forCi(allow), { ...bar, ...args(9) }])).toEqual([
      ['conditionsChanged', 'ci', POST, 'conditional', 'conditional', true],
    ])
    const day = { id: 'day', effect: 'deny', tools, when: { days: ['sun'] } }
    expect(planned([forCi(allow), day], [forCi(allow)])).toMatchObject([
      ['conditionsChanged', 'ci', POST, 'conditional', 'allow', true],
    ])
  })

  it('sees that times mean other hours in another time zone', () => {
    const rules = [forCi({ ...allow, when: { to: '12:00' } })]
    const of = (timezone: string) => compile({ timezone, rules })
    expect(planAccess(of('UTC'), of('Asia/Tokyo'), { principals: PRINCIPALS }).totals.conditionsChanged).toBe(1)
    expect(planAccess(compile({ rules }), of('UTC'), { principals: PRINCIPALS }).totals.conditionsChanged).toBe(0)
    const explicit = [forCi({ ...allow, when: { to: '12:00', timezone: 'UTC' } })]
    expect(
      planAccess(compile({ rules: explicit }), compile({ timezone: 'Asia/Tokyo', rules: explicit }), {
        principals: PRINCIPALS,
      }).totals.conditionsChanged,
    ).toBe(0)
  })

  it('tells what is asked besides, and marks limits that go but not logs', () => {
    const with_ = (obligations: object) => forCi({ ...allow, obligations })
    const rateLimit = { limit: 3, window: '1h' }
    expect(planned([with_({ rateLimit })], [forCi(allow)])).toEqual([
      ['obligationsChanged', 'ci', POST, 'allow', 'allow', true],
    ])
    expect(planned([forCi(allow)], [with_({ rateLimit })])).toEqual([
      ['obligationsChanged', 'ci', POST, 'allow', 'allow', false],
    ])
    expect(planned([with_({ log: 'hash' })], [forCi(allow)])).toEqual([
      ['obligationsChanged', 'ci', POST, 'allow', 'allow', false],
    ])
    expect(
      planned([forCi(allow)], [forCi(allow), { id: 'log', effect: 'require', tools, obligations: { log: 'hash' } }]),
    ).toEqual([['obligationsChanged', 'ci', POST, 'allow', 'allow', false]])
  })

  it('tells when the same is asked under other conditions', () => {
    const on = (id: string, most: number, obligations?: object) =>
      forCi({ ...allow, id, args: { '/text': { maxLength: most } }, obligations })
    const limit = { rateLimit: { limit: 3, window: '1h' } }
    expect(planned([on('a', 5, limit), on('b', 9)], [on('a', 5), on('b', 9, limit)])).toEqual([
      ['obligationsChanged', 'ci', POST, 'conditional', 'conditional', true],
    ])
    expect(planned([on('a', 5, { log: 'hash' }), on('b', 9)], [on('a', 9), on('b', 5, { log: 'args' })])).toEqual([
      ['obligationsChanged', 'ci', POST, 'conditional', 'conditional', false],
    ])
  })

  it('calls a require about runs a condition, not an approval', () => {
    const careful = { id: 'careful', effect: 'require', tools, run: { seen: ['untrusted'] }, obligations: { approval } }
    expect(planned([forCi(allow)], [forCi(allow), careful])).toEqual([
      ['approvalChanged', 'ci', POST, 'allow', 'conditional', false],
    ])
  })

  it('takes rules in shadow mode for none', () => {
    expect(planned([], [{ ...allow, mode: 'shadow' }])).toEqual([])
    expect(planned([allow], [{ ...allow, mode: 'shadow' }])).toHaveLength(3)
  })

  it('lists the gravest first, no more than asked for, and counts all', () => {
    const plan = planOf([], [{ id: 'all', effect: 'allow' }], 4)
    expect(plan.gained.map(({ tool, risk }) => [tool, risk])).toEqual([
      ['conn:gmail:delete_message', 'critical'],
      ['conn:gmail:delete_message', 'critical'],
      ['conn:gmail:delete_message', 'critical'],
      ['conn:gmail:send_draft', 'high'],
    ])
    const each = { gained: 13, lost: 0, approvalChanged: 0, conditionsChanged: 0, obligationsChanged: 0, widening: 13 }
    expect(plan.totals).toMatchObject({
      cells: 39,
      gained: 39,
      widening: 39,
      byAgent: { sidekick: each, ci: each, helper: each },
    })
    expect(plan.totals.byEffect['destructive']).toMatchObject({ gained: 3 })
  })

  it('lists tools of the same risk by name, and principals as they are asked about', () => {
    const tools = ['b', 'a', 'c'].map((name) => toolOf('slack', name, { effect: 'read' }))
    const plan = planAccess(compile({}, { tools }), compile({ rules: [{ id: 'all', effect: 'allow' }] }, { tools }), {
      principals: PRINCIPALS.slice(0, 2),
    })
    expect(plan.gained.map(({ tool, agent }) => `${tool} ${agent}`)).toEqual(
      ['a', 'b', 'c'].flatMap((name) => [`conn:slack:${name} sidekick`, `conn:slack:${name} ci`]),
    )
  })

  it("knows that tools of one person's connection exist for that person alone", () => {
    const tools = [{ ...toolNamed('slack:post_message'), owner: 'ann' }]
    const people = ['ann', 'bob'].map((user) => principalOf('ci', { id: user, user }))
    const principals = [...people, principalOf('ci')]
    const plan = planAccess(compile({}, { tools }), compile({ rules: [allow] }, { tools }), { principals })
    expect(plan.gained.map(({ principal }) => principal)).toEqual(['ann'])
    expect(planAccess(compile({}), compile({ rules: [allow] }), { principals: people }).totals.gained).toBe(2)
  })

  it('leaves out what is held back, and takes a tool that is new for one that nobody had', () => {
    const world = compile({ rules: [allow] }).index.tools
    const held = world.map((tool) => ({ ...tool, quarantined: true }))
    const none = compile({}, { tools: held })
    const opened = compile({ rules: [allow] }, { tools: held })
    expect(planAccess(none, opened, { principals: PRINCIPALS }).totals).toMatchObject(NOTHING)
    const few = compile({ rules: [{ id: 'all', effect: 'allow' }] }, { tools: world.slice(0, 3) })
    const all = compile({ rules: [{ id: 'all', effect: 'allow' }] })
    expect(planAccess(few, all, { principals: PRINCIPALS }).totals).toMatchObject({ gained: 30, lost: 0 })
  })
})
