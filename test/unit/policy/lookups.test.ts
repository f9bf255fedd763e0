import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/kernel/json.ts'
import type { Obligation } from '../../../src/kernel/policy.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, principalOf, toolNamed, TOOLS, toolOf } from './office.ts'

const all = { id: 'all', effect: 'allow' }
const seen = (rules: readonly object[], as = principalOf('ci'), more: object = {}) =>
  viewOf(compile({ ...more, rules }), as).tools.map(({ id }) => id)
const idsOf = (...connections: readonly string[]) =>
  TOOLS.filter(({ connection }) => connections.includes(connection)).map(({ id }) => id)

describe('the tools of a selector', () => {
  it('are found by name and by pattern, in one list', () => {
    expect(seen([{ ...all, tools: { connections: ['slack', 'gm*'] } }])).toEqual(idsOf('gmail', 'slack'))
    expect(seen([{ ...all, tools: { providers: ['slack', 'gm*'] } }])).toEqual(idsOf('gmail', 'slack'))
    expect(seen([{ ...all, tools: { providers: ['sl*'] } }])).toEqual(idsOf('slack'))
    expect(seen([{ ...all, tools: { providers: ['slack'], connections: ['s*'] } }])).toEqual(idsOf('slack'))
    expect(seen([{ ...all, tools: { connections: ['slack', 'gmail', 'slack'] } }])).toEqual(idsOf('gmail', 'slack'))
  })

  it('are decided on in whatever order the connections are named', () => {
    const policy = compile({ rules: [{ ...all, tools: { connections: ['slack', 'jira', 'gmail'] } }] })
    for (const { id } of TOOLS) expect(call(policy, { tool: id.slice('conn:'.length) }).effect).toBe('allow')
  })

  it('have one of the tags that are named', () => {
    expect(seen([{ ...all, tools: { tags: ['chat', 'ch*', '*'] } }])).toHaveLength(3)
    const tools = [toolOf('slack', 'a', { tags: ['x'] }), toolOf('slack', 'b', { tags: ['y'] }), toolOf('slack', 'c')]
    const policy = compile({ rules: [{ ...all, tools: { tags: ['x', 'y'] } }] }, { tools })
    expect(viewOf(policy, principalOf('ci')).tools.map(({ name }) => name)).toEqual(['a', 'b'])
  })

  it('are those of the catalog: a copy with other traits is not known', () => {
    const post = toolNamed('slack:post_message')
    const policy = compile({ rules: [all] })
    expect(policy.index.placeOf({ ...post })).toBe(TOOLS.indexOf(post))
    expect(policy.index.placeOf({ ...post, tags: ['chat', 'more'] })).toBeUndefined()
    expect(policy.index.placeOf({ ...post, tags: [] })).toBeUndefined()
    expect(policy.index.placeOf({ ...post, risk: 'low' })).toBeUndefined()
    expect(policy.index.placeOf({ ...post, id: 'conn:slack:none' as typeof post.id })).toBeUndefined()
  })
})

describe('what is asked of a principal', () => {
  const ofUser = (user: string) => principalOf('ci', { user })
  const on = (id: string, name: string, subjects: object) => ({
    id,
    effect: 'allow',
    tools: { names: [name] },
    subjects,
  })

  it('is asked once for each user, group and claim', () => {
    const rules = [on('a', 'search_issues', { users: ['ann'] }), on('b', 'add_comment', { users: ['bob'] })]
    expect(seen(rules, ofUser('ann'))).toEqual(['conn:jira:search_issues'])
    expect(seen(rules, ofUser('bob'))).toEqual(['conn:jira:add_comment'])
    const claim = (equals: string) => ({ claims: [{ path: '/k', equals }] })
    const claimed = [on('a', 'search_issues', claim('x')), on('b', 'add_comment', claim('y'))]
    expect(seen(claimed, principalOf('ci', { claims: { k: 'x' } }))).toEqual(['conn:jira:search_issues'])
    expect(seen(claimed, principalOf('ci', { claims: { k: 'y' } }))).toEqual(['conn:jira:add_comment'])
    const groups = { one: { users: ['ann'] }, two: { users: ['bob'] } }
    const grouped = [on('a', 'search_issues', { groups: ['one'] }), on('b', 'add_comment', { groups: ['two'] })]
    expect(seen(grouped, ofUser('ann'), { groups })).toEqual(['conn:jira:search_issues'])
    expect(seen(grouped, ofUser('bob'), { groups })).toEqual(['conn:jira:add_comment'])
  })

  it('is uncertain for a group as for its claims, and a deny holds then', () => {
    const groups = { fired: { claims: [{ path: '/fired', equals: 'yes' }] } }
    const rules = [all, { id: 'no', effect: 'deny', subjects: { groups: ['fired'] } }]
    const sees = (fired: Json) => seen(rules, principalOf('ci', { claims: { fired } }), { groups }).length > 0
    expect([sees('yes'), sees('no'), sees(1), sees({ yes: true })]).toEqual([false, true, false, false])
    const granted = [{ ...all, subjects: { groups: ['fired'] } }]
    expect(seen(granted, principalOf('ci', { claims: { fired: 1 } }), { groups })).toEqual([])
  })

  it('is uncertain for objects and lists, also where null is one of the values', () => {
    const rules = [all, { id: 'no', effect: 'deny', subjects: { claims: [{ path: '/k', in: [null, 'x'] }] } }]
    const sees = (k: Json) => seen(rules, principalOf('ci', { claims: { k } })).length > 0
    expect([sees({ a: 1 }), sees([1]), sees(null), sees('y')]).toEqual([false, false, false, true])
  })
})

describe('a view', () => {
  it('has tools apart from everything else', () => {
    const post = toolNamed('slack:post_message')
    const prompt = { ...post, kind: 'prompt' as const, id: 'conn:slack:prompt:post' as typeof post.id }
    const view = viewOf(compile({ rules: [all] }, { tools: [post, prompt] }), principalOf('ci'))
    expect(view.tools).toEqual([post])
    expect(view.features).toEqual([post, prompt])
  })

  it('is kept apart for people with connections of their own, and shared by all others', () => {
    const mine = { ...toolNamed('slack:post_message'), owner: 'ann' }
    const policy = compile({ rules: [all] }, { tools: [mine, toolNamed('jira:add_comment')] })
    const of = (user?: string) => viewOf(policy, principalOf('ci', user === undefined ? {} : { user }))
    expect([of('ann'), of('bob'), of(), of('ann')].map(({ tools }) => tools.length)).toEqual([2, 1, 1, 2])
    expect(of('bob')).toBe(of('eve'))
    expect(of('ann')).toBe(of('ann'))
  })

  it('is told apart by each of many rules', () => {
    const rules = Array.from({ length: 70 }, (_, index) => ({
      id: `r${index}`,
      effect: 'allow',
      subjects: { users: [`u${index}`] },
    }))
    const policy = compile({ rules })
    const signatures = rules.map((_, index) => viewOf(policy, principalOf('ci', { user: `u${index}` })).signature)
    expect(new Set(signatures).size).toBe(70)
    expect(signatures[0]).toMatch(/^[0-9a-f]{18}$/)
  })
})

describe('obligations', () => {
  const owed = (...list: readonly object[]): readonly Obligation[] => {
    const rules = list.map((obligations, index) => ({ id: `r${index}`, effect: 'allow', obligations }))
    const decision = call(compile({ rules }), { tool: 'slack:list_channels' })
    return decision.effect === 'allow' ? decision.obligations : []
  }

  it('keep the smallest cap and the shortest log, of equal ones the first', () => {
    const caps = [5, 3, 4, 3].map((maxResponseBytes) => ({ maxResponseBytes }))
    expect(owed(...caps)).toEqual([{ kind: 'maxResponseBytes', rule: 'r1', bytes: 3 }])
    expect(owed({ log: 'full' }, { log: 'hash' }, { log: 'args' })).toEqual([
      { kind: 'log', rule: 'r1', level: 'hash' },
    ])
  })

  it('hand on redactions as they are written', () => {
    const redact = [{ preset: 'emails' }, { pattern: 'x+', with: '-' }, { pointer: '/a' }]
    expect(owed({ redact })).toStrictEqual([{ kind: 'redact', rule: 'r0', redactions: redact }])
  })

  it('are none where no rule asks for any', () => {
    expect(owed({ log: 'hash' }).length + owed().length).toBe(1)
  })
})

describe('arguments', () => {
  const tool = toolOf('slack', 'try', {}, { a: {}, b: {} })
  const noteOf = (rule: object, input: object) =>
    call(compile({ rules: [{ id: 'r', effect: 'allow', ...rule }] }, { tools: [tool] }), {
      tool: 'slack:try',
      args: input as Record<string, Json>,
    }).trace[0]?.note

  it('fail an allow with the first that fails, certain or not', () => {
    const args = { '/a': { equals: 1 }, '/b': { equals: 1 } }
    expect(noteOf({ args }, { b: 2 })).toBe('/a is missing and must be given')
    expect(noteOf({ args }, { a: 2 })).toBe('/a must be 1')
  })

  it('are too long together, whatever is between the texts', () => {
    const texts = Array.from({ length: 11 }, () => 'x'.repeat(10_000))
    const rule = { args: { '/a': { maxLength: 10_000 } } }
    expect(noteOf(rule, { a: [1, ...texts] })).toBe('/a must have at most 100000 characters in all')
  })

  it('are closed where the rule goes deeper than the value does', () => {
    const closed = { args: { '/a/b': { optional: true, max: 1 } }, closedArgs: true }
    const deep = toolOf('slack', 'try', {}, { a: { type: 'object', properties: { b: {} } } })
    const noted = (input: object) =>
      call(compile({ rules: [{ id: 'r', effect: 'require', ...closed }, all] }, { tools: [deep] }), {
        tool: 'slack:try',
        args: input as Record<string, Json>,
      }).trace.find(({ rule }) => rule === 'r')?.note
    expect(noted({ a: { b: 1 } })).toBe('match')
    expect(noted({})).toBe('match')
    expect(noted({ x: undefined })).toBe('match')
    expect(noted({ 'x~/': 1 })).toBe('/x~0~1 is not an argument that the rule names and must be left out')
  })

  it('of another shape than the rule goes into are not named', () => {
    const strict = toolOf('slack', 'try', {}, { a: {}, b: {} })
    const rules = [
      { id: 'r', effect: 'deny', args: { '/b': { equals: 1 } } },
      { id: 's', effect: 'require', args: { '': { schema: {} } } },
      { id: 't', effect: 'require', closedArgs: true },
      all,
    ]
    const policy = compile({ rules }, { tools: [strict] }, { validateSchema: () => true })
    expect(call(policy, { tool: 'slack:try', args: { b: 2 } })).toMatchObject({ effect: 'deny', rule: 't' })
    expect(call(policy, { tool: 'slack:try', args: {} })).toMatchObject({ effect: 'deny', rule: 'r' })
  })
})
