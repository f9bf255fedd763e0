import { describe, expect, it } from 'vitest'
import { viewOf } from '../../../src/policy/view.ts'
import { compile, principalOf, TOOLS } from './office.ts'

const policyHere = () =>
  compile({
    rules: [
      { id: 'reads', effect: 'allow', tools: { effects: ['read'] } },
      { id: 'ann', effect: 'allow', subjects: { users: ['ann'] } },
      { id: 'machines', effect: 'allow', subjects: { groups: ['machines'] }, tools: { connections: ['jira'] } },
      { id: 'no-mail', effect: 'deny', subjects: { agents: ['ci'] }, tools: { connections: ['gmail'] } },
    ],
  })
const ids = (as: ReturnType<typeof principalOf>) => viewOf(policyHere(), as).tools.map(({ id }) => id)

describe('viewOf', () => {
  it("lists what a principal may see, in the catalog's order", () => {
    expect(ids(principalOf('helper'))).toEqual([
      'conn:gmail:search_messages',
      'conn:jira:search_issues',
      'conn:slack:list_channels',
    ])
    expect(ids(principalOf('ci'))).toEqual([
      'conn:jira:search_issues',
      'conn:jira:add_comment',
      'conn:slack:list_channels',
    ])
    expect(ids(principalOf('helper', { user: 'ann' }))).toEqual(TOOLS.map(({ id }) => id))
  })

  it('gives the same view to principals about whom the same rules are, and another to others', () => {
    const policy = policyHere()
    const helper = viewOf(policy, principalOf('helper'))
    expect(viewOf(policy, principalOf('helper'))).toBe(helper)
    expect(viewOf(policy, principalOf('sidekick', { user: 'bob' }))).toBe(helper)
    const ci = viewOf(policy, principalOf('ci'))
    expect(ci.signature).not.toBe(helper.signature)
    expect(viewOf(policy, principalOf('ci', { user: 'ann' })).signature).not.toBe(ci.signature)
  })

  it('does not mix up the principals of two policies', () => {
    const principal = principalOf('helper')
    expect(viewOf(policyHere(), principal).tools).not.toEqual([])
    expect(viewOf(compile({}), principal).tools).toEqual([])
  })

  it('keeps apart more principals than it keeps views', () => {
    const rules = Array.from({ length: 12 }, (_, bit) => ({
      id: `r${bit}`,
      effect: 'allow',
      subjects: { groups: [`g${bit}`] },
      tools: { names: [TOOLS[bit % TOOLS.length]?.name] },
    }))
    const groups = Object.fromEntries(rules.map((_, bit) => [`g${bit}`, {}]))
    const policy = compile({ groups, rules })
    const groupsOf = (number: number) => rules.flatMap((_, bit) => (number & (1 << bit) ? [`g${bit}`] : []))
    const signatures = Array.from({ length: 4096 }, (_, number) => {
      const view = viewOf(policy, principalOf('helper', { groups: groupsOf(number) }))
      expect(view.tools).toHaveLength(
        new Set(groupsOf(number).map((group) => Number(group.slice(1)) % TOOLS.length)).size,
      )
      return view.signature
    })
    expect(new Set(signatures).size).toBe(4096)
    expect(viewOf(policy, principalOf('helper', { groups: groupsOf(5) })).signature).toBe(signatures[5])
  })
})
