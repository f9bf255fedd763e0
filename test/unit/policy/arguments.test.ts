import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { call, compile, reasonOf, toolOf } from './office.ts'

type Constraint = JsonObject
type Outcome = 'allow' | 'deny'
const ANY: JsonObject = {}
const TOOLS = [toolOf('lab', 'try', {}, { a: ANY, b: ANY, '~/c': ANY })]
const WORLD = { tools: TOOLS, connections: [{ slug: 'lab', provider: 'lab' }] }

const policyOf = (rules: readonly unknown[], validateSchema?: (schema: JsonObject, value: Json) => boolean) =>
  compile({ rules }, WORLD, validateSchema && { validateSchema })
const tried = (rules: readonly unknown[], args: JsonObject) => call(policyOf(rules), { tool: 'lab:try', args })

/** What the constraint says when it stands in an allow, in a require and in a deny. */
function outcomes(constraint: Constraint, args: JsonObject, pointer = '/a'): readonly Outcome[] {
  const open = { id: 'open', effect: 'allow' }
  const rule = (effect: string) => ({ id: 'rule', effect, args: { [pointer]: constraint } })
  return [
    tried([rule('allow')], args).effect,
    tried([open, rule('require')], args).effect,
    tried([open, rule('deny')], args).effect,
  ]
}

const HOLDS = ['allow', 'allow', 'deny']
const FAILS = ['deny', 'deny', 'allow']
/** Nobody can tell: the call is refused, whatever the effect of the rule is. */
const UNSURE = ['deny', 'deny', 'deny']

describe('an argument constraint', () => {
  it.each<[Constraint, Json, readonly string[]]>([
    [{ equals: 'x' }, 'x', HOLDS],
    [{ equals: 'x' }, 'X', FAILS],
    [{ equals: 1 }, '1', UNSURE],
    [{ equals: null }, null, HOLDS],
    [{ equals: false }, false, HOLDS],
    [{ equals: false }, 0, UNSURE],
    [{ in: ['x', 2] }, 2, HOLDS],
    [{ in: ['x', 2] }, 'y', FAILS],
    [{ in: ['x'] }, { x: 1 }, UNSURE],
    [{ notIn: ['x'] }, 'y', HOLDS],
    [{ notIn: ['x'] }, 'x', FAILS],
    [{ notIn: ['x'] }, 5, UNSURE],
    [{ notIn: ['x'] }, { x: 'x' }, UNSURE],
    [{ pattern: 'OPS-[0-9]+' }, 'OPS-12', HOLDS],
    [{ pattern: 'OPS-[0-9]+' }, 'xOPS-12', FAILS],
    [{ pattern: '[0-9]+' }, 12, UNSURE],
    [{ min: 1, max: 5 }, 5, HOLDS],
    [{ min: 1, max: 5 }, 6, FAILS],
    [{ min: 1, max: 5 }, 0, FAILS],
    [{ max: 5 }, '4', UNSURE],
    [{ maxLength: 3 }, 'abc', HOLDS],
    [{ maxLength: 3 }, 'abcd', FAILS],
    [{ maxLength: 3 }, 1, UNSURE],
    [{ maxItems: 2 }, [1, 2], HOLDS],
    [{ maxItems: 2 }, [1, 2, 3], FAILS],
    [{ maxItems: 2 }, 'ab', UNSURE],
    [{ absent: true }, 'x', FAILS],
    [{ absent: true }, null, FAILS],
    [{}, 'x', HOLDS],
    [{ optional: true, equals: 'x' }, 'x', HOLDS],
    [{ optional: true, equals: 'x' }, 'y', FAILS],
    [{ optional: true, equals: 'x' }, null, UNSURE],
  ])('%j on %j', (constraint, value, expected) => {
    expect(outcomes(constraint, { a: value })).toEqual(expected)
  })

  it('is uncertain about an argument that is missing, unless it may be', () => {
    expect(outcomes({ equals: 'x' }, {})).toEqual(UNSURE)
    expect(outcomes({}, {})).toEqual(UNSURE)
    expect(outcomes({ optional: true, equals: 'x' }, {})).toEqual(HOLDS)
    expect(outcomes({ absent: true }, {})).toEqual(HOLDS)
  })

  it('asks every item of a list in allow and require, and any item in a deny', () => {
    const good = { in: ['x', 'y'] }
    expect(outcomes(good, { a: ['x', 'y'] })).toEqual(HOLDS)
    expect(outcomes(good, { a: ['x', 'z'] })).toEqual(['deny', 'deny', 'deny'])
    expect(outcomes(good, { a: ['z', 'z'] })).toEqual(FAILS)
    expect(outcomes(good, { a: ['z', 7] })).toEqual(UNSURE)
    expect(outcomes(good, { a: [['x']] })).toEqual(UNSURE)
  })

  it('is satisfied by no empty list', () => {
    expect(outcomes({ in: ['x'] }, { a: [] })).toEqual(UNSURE)
    expect(outcomes({ notIn: ['x'] }, { a: [] })).toEqual(UNSURE)
    expect(outcomes({ maxItems: 3 }, { a: [] })).toEqual(HOLDS)
  })

  it('holds only when all of its operators and all other constraints hold', () => {
    expect(outcomes({ in: ['x', 'y'], maxItems: 1 }, { a: ['x', 'y'] })).toEqual(FAILS)
    const rule = { id: 'r', effect: 'allow', args: { '/a': { equals: 1 }, '/b': { equals: 2 } } }
    expect(tried([rule], { a: 1, b: 2 }).effect).toBe('allow')
    expect(reasonOf(tried([rule], { a: 1, b: 3 }))).toContain('/b must be 2')
  })

  it('does not let a certain no of one argument be outvoted by doubt about another in a deny', () => {
    const rules = [
      { id: 'open', effect: 'allow' },
      { id: 'd', effect: 'deny', args: { '/a': { equals: 1 }, '/b': { equals: 2 } } },
    ]
    expect(tried(rules, { a: 9 }).effect).toBe('allow')
    expect(tried(rules, { b: 9 }).effect).toBe('allow')
    expect(tried(rules, { a: 1 }).effect).toBe('deny')
  })

  it('follows pointers through objects and lists, with their escapes', () => {
    expect(outcomes({ equals: 1 }, { a: { b: [0, 1] } }, '/a/b/1')).toEqual(HOLDS)
    expect(outcomes({ equals: 1 }, { '~/c': 1 }, '/~0~1c')).toEqual(HOLDS)
    expect(outcomes({ equals: 1 }, { a: 'text' }, '/a/b')).toEqual(UNSURE)
    expect(outcomes({ absent: true }, { a: 'text' }, '/a/b')).toEqual(UNSURE)
    expect(outcomes({ absent: true }, { a: {} }, '/a/b')).toEqual(HOLDS)
    expect(outcomes({ optional: true }, { a: [1] }, '/a/01')).toEqual(HOLDS)
  })

  it.each(['/a/__proto__', '/a/constructor', '/a/toString', '/a/hasOwnProperty'])(
    'never reaches beyond the data: %s',
    (pointer) => {
      expect(outcomes({ absent: true }, { a: {} }, pointer)).toEqual(HOLDS)
      expect(outcomes({ absent: true }, { a: [] }, pointer)).toEqual(HOLDS)
    },
  )

  it('sees an own member called __proto__', () => {
    expect(outcomes({ absent: true }, JSON.parse('{"a":{"__proto__":1}}') as JsonObject, '/a/__proto__')).toEqual(FAILS)
  })

  it('asks the schema validator that was brought along, and doubts one that throws', () => {
    const rule = { id: 'r', effect: 'allow', args: { '/a': { schema: { const: 'x' } } } }
    const ask = (validate: (schema: JsonObject, value: Json) => boolean, a: Json) =>
      call(policyOf([rule], validate), { tool: 'lab:try', args: { a } }).effect
    const isConst = (schema: JsonObject, value: Json) => schema['const'] === value
    expect(ask(isConst, 'x')).toBe('allow')
    expect(ask(isConst, 'y')).toBe('deny')
    const broken = () => {
      throw new Error('broken')
    }
    expect(ask(broken, 'x')).toBe('deny')
    const deny = [
      { id: 'open', effect: 'allow' },
      { ...rule, effect: 'deny' },
    ]
    expect(call(policyOf(deny, broken), { tool: 'lab:try', args: { a: 'x' } }).effect).toBe('deny')
  })
})

describe('closedArgs', () => {
  const rule = (args: JsonObject) => ({ id: 'r', effect: 'allow', closedArgs: true, args })

  it('refuses arguments that the rule does not name, and says which', () => {
    const rules = [rule({ '/a': { optional: true } })]
    expect(tried(rules, {}).effect).toBe('allow')
    expect(tried(rules, { a: { anything: [1] } }).effect).toBe('allow')
    expect(reasonOf(tried(rules, { a: 1, b: 2 }))).toContain('/b is not an argument that the rule names')
  })

  it('refuses members beside a named one at every depth', () => {
    const rules = [rule({ '/a/b': { optional: true }, '/a/c/d': { optional: true } })]
    expect(tried(rules, { a: { b: { any: 1 }, c: { d: 1 } } }).effect).toBe('allow')
    expect(reasonOf(tried(rules, { a: { b: 1, x: 2 } }))).toContain('/a/x is not')
    expect(reasonOf(tried(rules, { a: { c: { d: 1, y: 2 } } }))).toContain('/a/c/y is not')
    expect(tried(rules, { a: 'text' }).effect).toBe('deny')
  })

  it('sees an own __proto__, and repeats a strange name only in harmless letters', () => {
    const rules = [rule({ '/a': { optional: true } })]
    expect(tried(rules, JSON.parse('{"__proto__":{"a":1}}') as JsonObject).effect).toBe('deny')
    const reason = reasonOf(tried(rules, { [`\u202e\n${'x'.repeat(500)}`]: 1 }))
    expect(reason).toMatch(/^[\x20-\x7e]{1,300}$/)
  })
})
