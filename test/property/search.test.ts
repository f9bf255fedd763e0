import { Ajv } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildCatalog } from '../../src/catalog/catalog.ts'
import { rank } from '../../src/catalog/search/rank.ts'
import { searchIndex } from '../../src/catalog/search/search-index.ts'
import { signature, signatureLine } from '../../src/catalog/search/signature.ts'
import { slimSchema } from '../../src/catalog/search/slim-schema.ts'
import { isJsonObject, type Json, type JsonObject } from '../../src/kernel/json.ts'
import type { SourceTool, Tool } from '../../src/kernel/tool.ts'
import { catalogTool, sourceTool } from '../helpers/tools.ts'

const WORDS = 'create issue list file mail send message GitHub repo search node graph 天气 folder quarterly x'.split(
  ' ',
)
const phrase = fc.array(fc.constantFrom(...WORDS), { minLength: 1, maxLength: 6 })

const source: fc.Arbitrary<SourceTool> = fc
  .record({ name: phrase, description: phrase, parameter: fc.constantFrom(...WORDS) })
  .map(({ name, description, parameter }) => {
    const properties = { [parameter]: { type: 'string', description: description.at(-1) ?? '' } }
    return sourceTool(
      name.join('_'),
      {},
      { description: description.join(' '), inputSchema: { type: 'object', properties } },
    )
  })

const catalog: fc.Arbitrary<readonly Tool[]> = fc
  .uniqueArray(source, { maxLength: 25, selector: ({ definition }) => definition.name })
  .map((tools) => {
    const connections = ['github', 'mail']
    const inputs = connections.map((connection, at) => ({
      connection,
      provider: 'mcp',
      identity: connection,
      tools: tools.filter((_, place) => place % 2 === at),
    }))
    return [...buildCatalog(inputs, new Map()).tools.values()]
  })

const query = fc.oneof(
  phrase.map((words) => words.join(' ')),
  phrase.map((words) => words.join('_')),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
)

describe('search, whatever is hidden', () => {
  it('answers as if the hidden tools did not exist', () => {
    fc.assert(
      fc.property(catalog, query, fc.func(fc.boolean()), fc.nat(8), (tools, text, hides, limit) => {
        const isVisible = (tool: Tool) => !hides(tool.id)
        const search = { query: text, limit, explain: true }
        const filtered = rank(searchIndex(tools), { ...search, visible: isVisible })
        const removed = rank(searchIndex(tools.filter(isVisible)), { ...search, visible: () => true })
        expect(filtered).toEqual(removed)
      }),
      { numRuns: 400 },
    )
  })

  it('answers the same from an index that was built on another one', () => {
    fc.assert(
      fc.property(catalog, catalog, query, (before, tools, text) => {
        const search = { query: text, visible: () => true, limit: 10, explain: true }
        const fresh = rank(searchIndex(tools), search)
        expect(rank(searchIndex(tools, { previous: searchIndex([...before, ...tools.slice(3)]) }), search)).toEqual(
          fresh,
        )
      }),
    )
  })

  it('lists the best first, each once, and never more than all', () => {
    fc.assert(
      fc.property(catalog, query, (tools, text) => {
        const { hits, matches } = rank(searchIndex(tools), { query: text, visible: () => true, limit: tools.length })
        expect(hits).toHaveLength(matches)
        expect(new Set(hits.map(({ tool }) => tool.id)).size).toBe(matches)
        const order = hits.toSorted((a, b) => Number(b.exact) - Number(a.exact) || b.score - a.score)
        expect(hits.map(({ score }) => score)).toEqual(order.map(({ score }) => score))
      }),
    )
  })
})

/** Schemas over few names, so that values often come close; definitions may be used once, often or in a circle. */
const { schema } = fc.letrec<{ schema: JsonObject }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.constantFrom<JsonObject>(
      { type: 'string', title: 'T', minLength: 2 },
      { type: 'integer', description: 'd'.repeat(300), minimum: 1 },
      { enum: ['a', 1, { title: 'x' }], examples: ['a'] },
      { const: { required: [] }, $comment: 'c' },
      {},
    ),
    fc.constantFrom('#/$defs/a', '#/$defs/b', '#/$defs/title').map(($ref) => ({ $ref, title: 'R' })),
    fc.record({
      type: fc.constant('object'),
      title: fc.constant('O'),
      properties: fc.dictionary(fc.constantFrom('a', 'title', 'examples', 'required'), tie('schema'), { maxKeys: 3 }),
      required: fc.uniqueArray(fc.constantFrom('a', 'title'), { maxLength: 2 }),
      additionalProperties: fc.boolean(),
    }),
    tie('schema').map((items) => ({ type: 'array', items, description: 'items' })),
    fc
      .tuple(
        fc.constantFrom('anyOf', 'oneOf', 'allOf', 'prefixItems'),
        fc.array(tie('schema'), { minLength: 1, maxLength: 3 }),
      )
      .map(([key, list]) => ({ [key]: list })),
    tie('schema').map((not) => ({ not })),
  ),
}))

const rooted: fc.Arbitrary<JsonObject> = fc
  .tuple(schema, schema, schema, schema, fc.constantFrom(undefined, 'http://json-schema.org/draft-07/schema#'))
  .map(([root, a, b, title, $schema]) => ({ ...($schema ? { $schema } : {}), ...root, $defs: { a, b, title } }))

const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom<Json>('a', 'ab', 0, 1, true, null, { title: 'x' }, { required: [] }),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom('a', 'title', 'examples', 'required'), tie('value'), {
      maxKeys: 3,
    }) as fc.Arbitrary<Json>,
  ),
}))

/** A definition that refers to itself for the same value has no defined meaning (2020-12 core, 9.4.1). */
function isEndless({ $defs }: JsonObject): boolean {
  const definitions = isJsonObject($defs) ? $defs : {}
  const reaches = (name: string, seen: readonly string[]): boolean =>
    seen.includes(name) || sameValueReferences(definitions[name]).some((next) => reaches(next, [...seen, name]))
  return Object.keys(definitions).some((name) => reaches(name, []))
}

function sameValueReferences(part: Json | undefined): readonly string[] {
  if (!isJsonObject(part)) return []
  const { anyOf = [], oneOf = [], allOf = [], not } = part
  const inside = [anyOf, oneOf, allOf, not].flat().flatMap((next) => sameValueReferences(next))
  const reference = part['$ref']
  return typeof reference === 'string' ? [reference.replace('#/$defs/', ''), ...inside] : inside
}

/** Read by the dialect that it names, else by the one MCP takes for granted. */
const validator = (document: JsonObject): ((input: Json) => boolean) =>
  document['$schema'] === undefined
    ? new Ajv2020({ strict: false }).compile(document)
    : new Ajv({ strict: false }).compile(document)

describe('a slim schema', () => {
  it('accepts and refuses what the original does, and is never longer', () => {
    fc.assert(
      fc.property(rooted, fc.array(value, { minLength: 3, maxLength: 8 }), (document, inputs) => {
        fc.pre(!isEndless(document))
        const slim = slimSchema(document)
        const [original, shortened] = [validator(document), validator(slim)]
        expect(inputs.map((input) => shortened(input))).toEqual(inputs.map((input) => original(input)))
        expect(JSON.stringify(slim).length).toBeLessThanOrEqual(JSON.stringify(document).length)
      }),
      { numRuns: 100 },
    )
  })
})

describe('a signature line', () => {
  it('is one bounded line without hidden characters, whatever the definition', () => {
    const text = fc.string({ unit: 'binary', maxLength: 300 })
    fc.assert(
      fc.property(text, text, fc.jsonValue(), (description, parameter, property) => {
        const inputSchema = { type: 'object', properties: { [parameter]: property as Json } }
        const line = signatureLine(
          signature(catalogTool('acme', sourceTool('do_it', {}, { description, inputSchema }))),
        )
        expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
        expect(line.length).toBeLessThan(500)
      }),
    )
  })
})
