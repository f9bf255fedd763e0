import { describe, expect, it } from 'vitest'
import { textOf, versionOf } from '../../../src/policy/version.ts'

describe('the text of a document', () => {
  it('is one whatever the order of members is, also inside lists', () => {
    expect(textOf({ b: 1, a: [{ d: null, c: 'x' }, true] })).toBe('{"a":[{"c":"x","d":null},true],"b":1}')
    expect(textOf([{ b: 1, a: 2 }])).toBe(textOf([{ a: 2, b: 1 }]))
    expect(textOf([1, 2])).not.toBe(textOf([2, 1]))
  })

  it('has no member that is not there', () => {
    expect(textOf({ a: undefined, b: 1 })).toBe('{"b":1}')
    expect(textOf(undefined)).toBe('null')
    expect(textOf([undefined, 'a"b'])).toBe('[null,"a\\"b"]')
  })
})

describe('a version', () => {
  it('begins with the FNV-1a hash that is published for a text', () => {
    expect(versionOf('').slice(0, 8)).toBe('811c9dc5')
    expect(versionOf('a').slice(0, 8)).toBe('e40c292c')
    expect(versionOf('foobar').slice(0, 8)).toBe('bf9cf968')
  })

  it('has sixteen digits, and differs with the text', () => {
    const versions = Array.from({ length: 500 }, (_, index) => versionOf(`${index}`))
    expect(versions.filter((version) => !/^[0-9a-f]{16}$/.test(version))).toEqual([])
    expect(new Set(versions).size).toBe(500)
  })
})
