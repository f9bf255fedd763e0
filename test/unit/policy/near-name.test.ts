import { describe, expect, it } from 'vitest'
import { suggest } from '../../../src/policy/near-name.ts'

describe('the name that was meant', () => {
  it('is the nearest of those that differ in about a third', () => {
    expect(suggest('gmial', ['gmail', 'gmails'])).toBe(' Did you mean "gmail"?')
    expect(suggest('GMAIL', ['slack', 'gmail'])).toBe(' Did you mean "gmail"?')
    expect(suggest('abc', ['bc', 'xbc'])).toBe(' Did you mean "bc"?')
    expect(suggest('abc', ['abcd', 'abce'])).toBe(' Did you mean "abcd"?')
  })

  it('is none when no name is near', () => {
    expect(suggest('abc', [])).toBe('')
    expect(suggest('abc', ['axyz', 'xyz'])).toBe('')
    expect(suggest('abc', ['axy'])).toBe('')
    expect(suggest('abcdef', ['abcxyz'])).toBe('')
    expect(suggest('abcdef', ['abcdxy'])).toBe(' Did you mean "abcdxy"?')
  })

  it('is looked for among names of at most 64 characters', () => {
    const [long, longer] = ['a'.repeat(64), 'a'.repeat(65)]
    expect(suggest(long, [longer, `${'a'.repeat(63)}b`])).toBe(` Did you mean "${'a'.repeat(63)}b"?`)
    expect(suggest(`${'a'.repeat(63)}b`, [long])).toBe(` Did you mean "${long}"?`)
    expect(suggest(longer, [long])).toBe('')
    expect(suggest('a'.repeat(300), ['b'])).toBe('')
  })
})
