import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { diffLines } from '../../../src/policy/plan/diff-lines.ts'
import { textDiff } from '../../../src/policy/plan/text-diff.ts'
import { policyDocumentSchema } from '../../../src/policy/schema.ts'

const allow = { id: 'post', effect: 'allow', tools: { names: ['post_message'] } }

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
    expect(diff.added[0]?.lines).toEqual(['+{', '+  "effect": "deny",', '+  "id": "c"', '+}'])
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

  it('takes other orders of members for no difference, inside lists too', () => {
    const checking = (schema: object) =>
      parse({ rules: [{ ...allow, args: { '/text': { schema: { anyOf: [schema] } } } }] })
    const diff = textDiff(checking({ type: 'string', const: 'x' }), checking({ const: 'x', type: 'string' }))
    expect(diff).toEqual({ added: [], removed: [], changed: [] })
  })

  it('tells tests of one name apart by their place', () => {
    const test = (agent: string) => ({ name: 't', as: { agent }, list: { includes: [] } })
    const before = parse({ tests: [test('a'), test('b'), test('c'), test('d')] })
    const after = parse({ tests: [test('a'), test('x'), test('c'), test('d')] })
    expect(textDiff(before, after).changed.map(({ part, name }) => [part, name])).toEqual([['test', 't']])
  })

  it('names the part, and lists by part and name', () => {
    const none = parse({})
    const all = parse({
      timezone: 'UTC',
      rules: [
        { id: 'b', effect: 'deny' },
        { id: 'a', effect: 'deny' },
      ],
      groups: { g: { users: ['ann'], agents: ['ci'] } },
      tests: [{ name: 't', as: { agent: 'ci' }, list: { includes: [] } }],
    })
    const named = (entries: readonly { part: string; name: string }[]) =>
      entries.map(({ part, name }) => `${part} ${name}`)
    const listed = ['group g', 'rule a', 'rule b', 'test t', 'timezone UTC']
    expect(named(textDiff(none, all).added)).toEqual(listed)
    expect(named(textDiff(all, none).removed)).toEqual(listed)
    expect(textDiff(none, all)).toMatchObject({ removed: [], changed: [] })
    expect(textDiff(all, none)).toMatchObject({ added: [], changed: [] })
    expect(textDiff(none, all).added[0]?.lines).toEqual([
      '+{',
      '+  "agents": [',
      '+    "ci"',
      '+  ],',
      '+  "users": [',
      '+    "ann"',
      '+  ]',
      '+}',
    ])
  })

  it('shows texts of up to a million pairs of lines line by line, and longer ones one after the other', () => {
    const long = Array.from({ length: 1_000 }, (_, line) => `${line}`)
    expect(diffLines(long, long)).toHaveLength(1_000)
    expect(diffLines(long, [...long, 'x'])).toHaveLength(2_001)
  })

  it('knows an empty line at the end from no line', () => {
    expect(diffLines(['a'], ['a', ''])).toEqual([' a', '+'])
    expect(diffLines(['a', ''], ['a'])).toEqual([' a', '-'])
  })

  it('takes out and puts in the fewest lines, and both texts can be read from it', () => {
    const text = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 })
    const common = ([a, ...as]: readonly string[], [b, ...bs]: readonly string[]): number => {
      if (a === undefined || b === undefined) return 0
      return a === b ? 1 + common(as, bs) : Math.max(common(as, [b, ...bs]), common([a, ...as], bs))
    }
    fc.assert(
      fc.property(text, text, (before, after) => {
        const lines = diffLines(before, after)
        const without = (sign: string) => lines.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1))
        expect(without('+')).toEqual(before)
        expect(without('-')).toEqual(after)
        expect(lines.filter((line) => line.startsWith(' '))).toHaveLength(common(before, after))
      }),
      { numRuns: 300, seed: 1 },
    )
  })
})
