import { describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../src/kernel/json.ts'
import { hasArgument } from '../../../src/policy/argument-references.ts'

describe('an argument of an input schema', () => {
  const has = (schema: JsonObject, ...tokens: readonly string[]) => hasArgument(schema, tokens)

  it('may be there where a keyword can bring members in from elsewhere', () => {
    const open = ['$ref', '$dynamicRef', 'anyOf', 'oneOf', 'allOf', 'if', 'patternProperties', 'dependentSchemas']
    for (const keyword of open) expect(has({ properties: {}, [keyword]: [] }, 'a')).toBe('unsure')
    expect(has({ properties: {} }, 'a')).toBe('no')
  })

  it('is not there in a text, a number or another value without members', () => {
    for (const type of ['string', 'number', 'integer', 'boolean', 'null']) {
      expect(has({ properties: { a: { type } } }, 'a', 'b')).toBe('no')
    }
    expect(has({ properties: { a: { type: 'object' } } }, 'a', 'b')).toBe('unsure')
  })

  it('is an item where it has a place', () => {
    const list = { properties: { a: { prefixItems: [{}], items: false } } }
    expect(has(list, 'a', '0')).toBe('yes')
    expect(has(list, 'a', '0x')).toBe('no')
    expect(has(list, 'a', 'x0')).toBe('no')
    const long = { properties: { a: { items: {} } } }
    expect(has(long, 'a', '123456789')).toBe('yes')
    expect(has(long, 'a', '1234567890')).toBe('no')
  })
})
