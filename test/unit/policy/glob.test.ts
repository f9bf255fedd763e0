import { describe, expect, it } from 'vitest'
import { toGlob } from '../../../src/policy/glob.ts'

describe('a glob', () => {
  it.each<[string, string, boolean]>([
    ['*', '', true],
    ['*', 'anything', true],
    ['a', 'a', true],
    ['a', 'ab', false],
    ['a', 'A', false],
    ['a*', 'a', true],
    ['a*', 'ba', false],
    ['*a', 'ba', true],
    ['*a', 'ab', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c', false],
    ['a*b*c*d', 'a-c-b-d', false],
    ['*x*x*', 'x', false],
    ['*x*x*', 'xx', true],
    ['*ab*ab*', 'abab', true],
    ['*aba*aba*', 'ababa', false],
    ['**', '', true],
    ['ab*b*c', 'abc', false],
    ['a*b*bc', 'abc', false],
  ])('%s and %s: %s', (pattern, text, expected) => {
    expect(toGlob(pattern)(text)).toBe(expected)
  })
})
