import { describe, expect, it } from 'vitest'
import { schemaValidator } from '../../../src/gateway/validator.ts'
import type { JsonObject } from '../../../src/kernel/json.ts'
import type { Tool } from '../../../src/kernel/tool.ts'
import { catalogTool, sourceTool } from '../../helpers/tools.ts'

const toolWith = (inputSchema: JsonObject): Tool => catalogTool('crm', sourceTool('find', {}, { inputSchema }))
const parse = (inputSchema: JsonObject, input: unknown): JsonObject =>
  schemaValidator().parse(toolWith(inputSchema), input)

describe('the arguments of a call', () => {
  it('are handed on as they are when they fit', () => {
    const input = { q: 'x', extra: [1] }
    expect(parse({ type: 'object', properties: { q: { type: 'string' } } }, input)).toBe(input)
  })

  it('name the pointer and the problem when they do not', () => {
    expect(() => parse({ type: 'object', properties: { n: { type: 'integer' } } }, { n: 'x' })).toThrow(
      '/n must be integer',
    )
    expect(() => parse({ type: 'object', required: ['q'] }, {})).toThrow("must have required property 'q'")
    expect(() => parse({ type: 'object', properties: { a: { enum: ['x', 'y'] } } }, { a: 'z' })).toThrow(
      'must be one of ["x","y"]',
    )
    expect(() => parse({ type: 'object', additionalProperties: false }, { bcc: 1 })).toThrow(
      'must not have the property "bcc"',
    )
  })

  it.each([
    [
      'draft-07',
      {
        $schema: 'http://json-schema.org/draft-07/schema#',
        type: 'object',
        definitions: { s: { type: 'string' } },
        properties: { a: { $ref: '#/definitions/s' } },
      },
    ],
    [
      '2020-12',
      {
        $schema: 'https://json-schema.org/draft/2020-12/schema',
        type: 'object',
        $defs: { s: { type: 'string' } },
        properties: { a: { $ref: '#/$defs/s' } },
      },
    ],
  ])('follow references of %s', (_, schema) => {
    expect(parse(schema, { a: 'x' })).toEqual({ a: 'x' })
    expect(() => parse(schema, { a: 1 })).toThrow('/a must be string')
  })

  it('must be an object, without names that reach prototypes, and not too deep', () => {
    expect(() => parse({ type: 'object' }, 'x')).toThrow('must be an object')
    expect(() => parse({ type: 'object' }, JSON.parse('{"__proto__":{}}'))).toThrow('"__proto__"')
    expect(() => parse({ type: 'object' }, JSON.parse('{"a":'.repeat(100) + '1' + '}'.repeat(100)))).toThrow(
      'nested deeper',
    )
  })

  it('are checked against hostile patterns in linear time', () => {
    const schema = { type: 'object', properties: { a: { type: 'string', pattern: '^(a+)+$' } } }
    expect(() => parse(schema, { a: `${'a'.repeat(5_000)}!` })).toThrow('must match pattern')
  })

  it('are checked against each pattern of a schema, not against the first', () => {
    const pattern = (text: string) => ({ type: 'string', pattern: text })
    const schema = { type: 'object', properties: { a: pattern('^a+$'), b: pattern('^b+$') } }
    expect(parse(schema, { a: 'aa', b: 'bb' })).toEqual({ a: 'aa', b: 'bb' })
    expect(() => parse(schema, { a: 'aa', b: 'aa' })).toThrow('/b must match pattern')
  })

  it('are refused when the schema cannot be used, without fetching anything', () => {
    expect(() => parse({ type: 'object', $ref: 'https://evil.example/schema.json' }, {})).toThrow('cannot be used')
  })
})
