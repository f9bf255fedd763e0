import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildCatalog } from '../../src/catalog/catalog.ts'
import { canonicalJson } from '../../src/catalog/canonical-json.ts'
import { MAX_WIRE_NAME, toAction, toToolId, toWireName } from '../../src/catalog/names.ts'
import { sourceTool } from '../helpers/tools.ts'

const slug = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,60}$/)

describe('names, whatever the source calls its tools', () => {
  it('advertises only what every client accepts', () => {
    fc.assert(
      fc.property(slug, fc.string({ minLength: 1, maxLength: 128 }), (connection, name) => {
        const wireName = toWireName(toToolId(connection, toAction(name)))
        expect(wireName).toMatch(/^[A-Za-z0-9_]+$/)
        expect(wireName.length).toBeLessThanOrEqual(MAX_WIRE_NAME)
        expect(toAction(name)).toMatch(/^[a-z0-9][a-z0-9_-]*$/)
      }),
    )
  })

  it('keeps every tool, under an id and a portable name of its own that lead back to it', () => {
    fc.assert(
      fc.property(
        slug,
        fc.uniqueArray(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 20 }),
        (connection, names) => {
          const input = { connection, provider: 'mcp', identity: 'x', tools: names.map((name) => sourceTool(name)) }
          const catalog = buildCatalog([input], new Map())
          const tools = [...catalog.tools.values()]
          expect(tools.map((tool) => tool.name)).toEqual(names)
          for (const tool of tools) {
            expect(catalog.find(tool.id)).toBe(tool)
            expect(catalog.find(tool.wireName)).toBe(tool)
          }
        },
      ),
    )
  })

  it('writes one text for one value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value)
        expect(canonicalJson(JSON.parse(text))).toBe(text)
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
    )
  })
})
