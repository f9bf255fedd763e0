import { performance } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseStrict } from '../../../src/mcp/parse-strict.ts'

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

describe('parseStrict', () => {
  it('gives what JSON.parse gives, for every value without what it refuses', () => {
    const key = fc
      .string({ unit: 'grapheme' })
      .filter((name) => !['__proto__', 'constructor', 'prototype'].includes(name))
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 5 },
        fc.jsonValue({ maxDepth: 0 }),
        fc.array(tie('value')),
        fc.dictionary(key, tie('value')),
      ),
    }))
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, '\t'), (any, space) => {
        const text = JSON.stringify(any, undefined, space)
        expect(parseStrict(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown })
      }),
    )
  })

  it('never throws, whatever the text', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', 'a', '1', '\\u00', '"a"', '\n', '__proto__')
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        const text = parts.join('')
        const { ok } = parseStrict(text)
        if (ok) JSON.parse(text)
      }),
    )
  })

  it('reads 64 levels and refuses the 65th', () => {
    expect(parseStrict(nested(64)).ok).toBe(true)
    expect(parseStrict(nested(65))).toMatchObject({
      reason: 'refused',
      problem: expect.stringContaining('deeper than 64'),
    })
    expect(parseStrict(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`).ok).toBe(false)
    expect(parseStrict(JSON.stringify('['.repeat(1_000))).ok).toBe(true)
  })

  it.each([
    ['{"a":1,"a":2}', 'stands twice'],
    ['{"a":1,"\\u0061":2}', 'stands twice'],
    ['[{"x":{"b":1, "c":{"a":1} ,"b" : 2}}]', 'stands twice'],
    ['{"":1,"":2}', 'stands twice'],
    ['{"__proto__":1}', '"__proto__" is not allowed'],
    ['{"\\u005f_proto\\u005f_":1}', '"__proto__" is not allowed'],
    ['{"a":[{"constructor":{}}]}', '"constructor" is not allowed'],
    ['{"prototype":null}', '"prototype" is not allowed'],
  ])('refuses %s', (text, problem) => {
    expect(parseStrict(text)).toMatchObject({ ok: false, reason: 'refused', problem: expect.stringContaining(problem) })
  })

  it.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":"b","b":"a","c":["a","a"]}',
    '{"k":"__proto__","v":["constructor"]}',
    '"{\\"a\\":1,\\"a\\":2}"',
    '{"a\\"":1,"a":2,"a\\\\":3}',
    ' \r\n\t1 ',
  ])('accepts %s', (text) => {
    expect(parseStrict(text)).toEqual({ ok: true, value: JSON.parse(text) as unknown })
  })

  it.each(['', '{', '{"a"', '{"a":1,}', "{'a':1}", '[1 2]', 'NaN', '"\u0001"', '{"a":1}{"a":1}', '\uFEFF{}'])(
    'calls %j no JSON',
    (text) => {
      expect(parseStrict(text)).toMatchObject({ ok: false, reason: 'syntax' })
    },
  )

  it('takes time in proportion to the text, also for hostile ones', () => {
    const texts = ['"', '\\', '[]', '{}', ',', '{"a":'].map((piece) => piece.repeat(400_000 / piece.length))
    const started = performance.now()
    for (const text of texts) expect(parseStrict(text).ok).toBe(false)
    expect(performance.now() - started).toBeLessThan(5_000)
  })
})
