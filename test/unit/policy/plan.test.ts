import { describe, expect, it } from 'vitest'
import { planAccess, type AccessPlan } from '../../../src/policy/plan/plan-access.ts'
import { diffLines } from '../../../src/policy/plan/diff-lines.ts'
import { textDiff } from '../../../src/policy/plan/text-diff.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'
import { compile, principalOf, toolNamed } from './office.ts'

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
    expect(planned([forCi(asking)], [forCi(asking), { ...forCi(allow), id: 'too' }])).toEqual([])
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
    const day = { id: 'day', effect: 'deny', tools, when: { days: ['sun'] } }
    expect(planned([forCi(allow), day], [forCi(allow)])).toMatchObject([
      ['conditionsChanged', 'ci', POST, 'conditional', 'allow', true],
    ])
  })

  it('sees that times mean other hours in another time zone', () => {
    const rules = [forCi({ ...allow, when: { to: '12:00' } })]
    const of = (timezone: string) => compile({ timezone, rules })
    expect(planAccess(of('UTC'), of('Asia/Tokyo'), { principals: PRINCIPALS }).totals.conditionsChanged).toBe(1)
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

  it("knows that tools of one person's connection exist for that person alone", () => {
    const tools = [{ ...toolNamed('slack:post_message'), owner: 'ann' }]
    const people = ['ann', 'bob'].map((user) => principalOf('ci', { id: user, user }))
    const principals = [...people, principalOf('ci')]
    const plan = planAccess(compile({}, { tools }), compile({ rules: [allow] }, { tools }), { principals })
    expect(plan.gained.map(({ principal }) => principal)).toEqual(['ann'])
  })

  it('leaves out what is held back, and takes a tool that is new for one that nobody had', () => {
    const world = compile({ rules: [allow] }).index.tools
    const held = world.map((tool) => ({ ...tool, quarantined: true }))
    const none = compile({}, { tools: held })
    expect(planAccess(none, compile({ rules: [allow] }, { tools: held }), { principals: PRINCIPALS }).gained).toEqual(
      [],
    )
    const few = compile({ rules: [{ id: 'all', effect: 'allow' }] }, { tools: world.slice(0, 3) })
    const all = compile({ rules: [{ id: 'all', effect: 'allow' }] })
    expect(planAccess(few, all, { principals: PRINCIPALS }).totals).toMatchObject({ gained: 30, lost: 0 })
  })
})

describe('a text diff', () => {
  const parse = (document: object) => policyDocumentSchema.parse({ rules: [], ...document })

  it('tells what came, went and changed, line by line, whatever the order', () => {
    const test = { name: 't', as: { agent: 'ci' }, list: { includes: [] } }
    const before = parse({
      rules: [allow, { id: 'a', effect: 'deny' }, { id: 'b', effect: 'deny' }],
      groups: { g: {} },
      tests: [test, test],
    })
    const after = parse({
      timezone: 'UTC',
      rules: [
        { id: 'b', effect: 'deny' },
        { ...allow, description: 'why' },
        { id: 'c', effect: 'deny' },
      ],
      groups: { g: {} },
      tests: [test],
    })
    const diff = textDiff(before, after)
    expect(diff.added.map(({ part, name }) => [part, name])).toEqual([
      ['rule', 'c'],
      ['timezone', 'UTC'],
    ])
    expect(diff.removed.map(({ part, name }) => [part, name])).toEqual([
      ['rule', 'a'],
      ['test', 't'],
    ])
    expect(diff.removed[0]?.lines).toEqual(['-{', '-  "effect": "deny",', '-  "id": "a"', '-}'])
    expect(diff.changed).toHaveLength(1)
    expect(diff.changed[0]?.lines.filter((line) => !line.startsWith(' '))).toEqual(['+  "description": "why",'])
  })

  it('keeps the longest part that both have', () => {
    expect(diffLines(['a', 'b', 'c', 'd'], ['b', 'x', 'd', 'e'])).toEqual(['-a', ' b', '-c', '+x', ' d', '+e'])
    expect(diffLines([], ['a'])).toEqual(['+a'])
    const long = Array.from({ length: 1_001 }, (_, line) => `${line}`)
    expect(diffLines(long, long)).toHaveLength(2_002)
  })
})
