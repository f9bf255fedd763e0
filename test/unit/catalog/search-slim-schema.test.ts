import { describe, expect, it } from 'vitest'
import { slimSchema } from '../../../src/catalog/search/slim-schema.ts'

describe('a slim schema', () => {
  it('loses what only people and generators read', () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Input',
      type: 'object',
      properties: {
        p: { type: 'string', title: 'P', examples: ['a'], format: 'uri', description: `${'long '.repeat(60)}.` },
      },
      required: [],
      additionalProperties: false,
    }
    const slim = slimSchema(schema)
    expect(slim).toEqual({
      type: 'object',
      properties: { p: { type: 'string', format: 'uri', description: expect.stringMatching(/^long .{1,154}…$/) } },
      additionalProperties: false,
    })
  })

  it('keeps properties that are called like annotations, and values that look like schemas', () => {
    const schema = {
      type: 'object',
      properties: { title: { type: 'string' }, examples: { type: 'array' }, $schema: { const: { title: 'kept' } } },
      required: ['title'],
    }
    expect(slimSchema(schema)).toEqual(schema)
  })

  it('writes a definition where it is used once, and keeps one that is used twice or by itself', () => {
    const once = { type: 'object', properties: { p: { $ref: '#/$defs/P', description: 'mine' } } }
    expect(slimSchema({ ...once, $defs: { P: { type: 'string', description: 'its', minLength: 1 } } })).toEqual({
      type: 'object',
      properties: { p: { type: 'string', description: 'mine', minLength: 1 } },
    })
    const tree = {
      type: 'object',
      properties: { root: { $ref: '#/$defs/Node' } },
      $defs: { Node: { type: 'object', properties: { next: { $ref: '#/$defs/Node' } } } },
    }
    expect(slimSchema(tree)).toEqual(tree)
  })

  it('leaves references alone that have company, a name or a way through a definition', () => {
    const schemas = [
      { properties: { p: { $ref: '#/$defs/P', minLength: 2 } }, $defs: { P: { type: 'string' } } },
      { properties: { p: { $ref: '#/$defs/P' } }, $defs: { P: { $anchor: 'p', type: 'string' } } },
      { properties: { p: { $ref: '#/$defs/P/items' } }, $defs: { P: { items: { type: 'string' } } } },
      { properties: { p: { $ref: '#' } } },
      { properties: { p: { $ref: 'https://example.com/p' } } },
    ]
    for (const schema of schemas) expect(slimSchema(schema)).toEqual(schema)
  })

  it('keeps the dialect when the rest would be read in another way without it', () => {
    const $schema = 'http://json-schema.org/draft-07/schema#'
    const tuple = { $schema, properties: { p: { type: 'array', items: [{ type: 'string' }] } } }
    const newer = { $schema, properties: { p: { type: 'array', prefixItems: [{ type: 'string' }] } } }
    const company = { $schema, properties: { p: { $ref: '#/definitions/P', minLength: 2 } }, definitions: { P: {} } }
    for (const schema of [tuple, newer, company]) expect(slimSchema(schema)).toEqual(schema)
    expect(slimSchema({ ...newer, $schema: 'https://json-schema.org/draft/2020-12/schema' })).not.toHaveProperty(
      '$schema',
    )
  })

  it('copes with any depth', () => {
    let schema: Record<string, unknown> = { type: 'string' }
    for (let depth = 0; depth < 5_000; depth++) schema = { type: 'object', properties: { p: schema } }
    expect(() => slimSchema(schema as never)).not.toThrow()
  })
})
