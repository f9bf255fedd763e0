import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/kernel/json.ts'
import { decide } from '../../../src/policy/decide.ts'
import { viewOf } from '../../../src/policy/view.ts'
import { call, compile, NOON, principalOf, reasonOf, toolNamed, toolOf } from './office.ts'

const ANY = toolOf('slack', 'any', {}, { v: {}, w: {} })

describe('what decide says', () => {
  it('of a tool that the policy does not know', () => {
    const other = { ...toolNamed('slack:post_message'), effect: 'read' as const }
    const policy = compile({ rules: [{ id: 'all', effect: 'allow' }] })
    expect(decide(policy, { principal: principalOf('ci'), tool: other, verb: 'invoke', at: NOON })).toEqual({
      effect: 'deny',
      rule: undefined,
      reason: 'The policy does not know this tool as it is now. List the tools again.',
      trace: [],
    })
  })

  it('of a condition that throws', () => {
    const hostile = Object.defineProperty({}, 'channel', {
      enumerable: true,
      get: () => {
        throw new Error('no')
      },
    })
    const policy = compile({
      rules: [{ id: 'r', effect: 'allow', tools: { names: ['post_message'] }, args: { '/channel': { equals: 'x' } } }],
    })
    const decision = call(policy, { tool: 'slack:post_message', args: hostile })
    expect(reasonOf(decision)).toContain('its condition could not be evaluated')
  })

  it('of seeing, before any condition is tested', () => {
    const rules = [
      { id: 'allow', effect: 'allow', args: { '/v': { equals: 1 } } },
      { id: 'deny', effect: 'deny', args: { '/v': { equals: 2 } } },
      { id: 'require', effect: 'require', obligations: { log: 'hash' } },
    ]
    const policy = compile({ rules }, { tools: [ANY] })
    const later = 'selects the tool; its conditions are tested when it is called'
    expect(decide(policy, { principal: principalOf('ci'), tool: ANY, verb: 'see', at: NOON })).toEqual({
      effect: 'allow',
      rule: 'allow',
      obligations: [],
      trace: [
        { rule: 'deny', effect: 'deny', matched: true, note: later },
        { rule: 'require', effect: 'require', matched: true, note: 'match' },
        { rule: 'allow', effect: 'allow', matched: true, note: later },
      ],
    })
  })
})

describe('kinds of features', () => {
  const resource = { ...ANY, kind: 'resource' as const, id: 'conn:slack:resource' as typeof ANY.id }
  const world = { tools: [ANY, resource] }
  const seen = (...rules: readonly object[]) =>
    viewOf(compile({ rules }, world), principalOf('ci')).features.map(({ kind }) => kind)
  const all = { id: 'all', effect: 'allow' }
  const no = { id: 'no', effect: 'deny' }

  it('an allow that selects tools means tools alone, unless it says otherwise', () => {
    expect(seen(all)).toEqual(['tool', 'resource'])
    expect(seen({ ...all, tools: { connections: ['slack'] } })).toEqual(['tool'])
    expect(seen({ ...all, tools: { kinds: ['resource'] } })).toEqual(['resource'])
    expect(seen({ ...all, tools: { kinds: ['resource', 'tool'], names: ['any'] } })).toEqual(['tool', 'resource'])
  })

  it('a deny means everything, unless it names names or kinds', () => {
    expect(seen(all, { ...no, tools: { connections: ['slack'] } })).toEqual([])
    expect(seen(all, { ...no, tools: { names: ['any'] } })).toEqual(['resource'])
    expect(seen(all, { ...no, tools: { kinds: ['resource'] } })).toEqual(['tool'])
  })

  it('an exception takes out what all of its keys are about', () => {
    const except = { names: ['any'], effects: ['destructive'] }
    expect(seen({ ...all, tools: { connections: ['slack'], except } })).toEqual(['tool'])
  })

  it('one tag of several is enough', () => {
    const tagged = { ...ANY, tags: ['other', 'chat'] }
    const policy = compile({ rules: [{ ...all, tools: { tags: ['chat'] } }] }, { tools: [tagged] })
    expect(viewOf(policy, principalOf('ci')).features).toHaveLength(1)
  })
})

describe('claims that cannot be compared', () => {
  const asked = (effect: 'allow' | 'deny', claim: object, value: Json) => {
    const subjects = { claims: [{ path: '/k', ...claim }] }
    const rules = [{ id: 'r', effect, subjects }, ...(effect === 'deny' ? [{ id: 'z', effect: 'allow' }] : [])]
    return call(compile({ rules }), { as: principalOf('ci', { claims: { k: value } }), tool: 'slack:list_channels' })
      .effect
  }

  it.each<[object, Json]>([
    [{ equals: 'x' }, ['x']],
    [{ equals: 'x' }, { x: 1 }],
    [{ equals: 'x' }, 1],
    [{ contains: 'x' }, { x: 1 }],
    [{ in: ['x', 1] }, true],
  ])('%j of %j neither grant nor lift a deny', (claim, value) => {
    expect(asked('allow', claim, value)).toBe('deny')
    expect(asked('deny', claim, value)).toBe('deny')
  })

  it.each<[object, Json]>([
    [{ equals: 'x' }, 'y'],
    [{ in: ['x', 1] }, 2],
    [{ contains: 'x' }, ['y']],
    [{ equals: 'x' }, null],
  ])('%j of %j certainly do not match', (claim, value) => {
    expect(asked('deny', claim, value)).toBe('allow')
  })
})
