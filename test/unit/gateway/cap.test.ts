import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { capResult } from '../../../src/gateway/cap.ts'
import type { ToolResult } from '../../../src/kernel/tool.ts'

const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value))

describe('a cap on the response', () => {
  it('leaves a result that fits as it is', () => {
    const result: ToolResult = { content: [{ type: 'text', text: 'small' }] }
    expect(capResult(result, 1_000)).toBe(result)
  })

  it('cuts text, says so, and stays valid JSON within the cap', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 4_000 }),
        fc.integer({ min: 600, max: 3_000 }),
        (text, cap) => {
          const result = { content: [{ type: 'text', text: text.repeat(3) }] }
          const capped = capResult(result, cap)
          expect(bytes(capped)).toBeLessThanOrEqual(Math.max(cap, bytes(result) <= cap ? cap : 0))
          expect(JSON.parse(JSON.stringify(capped))).toEqual(capped)
        },
      ),
    )
  })

  it('never ends a cut inside a character', () => {
    const capped = capResult({ content: [{ type: 'text', text: '😀'.repeat(1_000) }] }, 1_000)
    expect(() => encodeURIComponent((capped.content[0] as { text: string }).text)).not.toThrow()
  })

  it('turns a result that loses its structured content into an error that says how to ask for less', () => {
    const rows = Array.from({ length: 500 }, (_, id) => ({ id }))
    const capped = capResult(
      { content: [{ type: 'text', text: JSON.stringify(rows) }], structuredContent: { rows } },
      1_000,
    )
    expect(capped.isError).toBe(true)
    expect(capped).not.toHaveProperty('structuredContent')
    expect(JSON.stringify(capped.content.at(-1))).toContain('lower the limit')
  })

  it('cuts JSON in a text so that it stays JSON, its beginning whole', () => {
    const rows = Array.from({ length: 500 }, (_, id) => ({ id, name: `"row" ${id}` }))
    const capped = capResult({ content: [{ type: 'text', text: JSON.stringify({ rows, next: 'x' }) }] }, 2_000)
    expect(bytes(capped)).toBeLessThanOrEqual(2_000)
    const kept = JSON.parse((capped.content[0] as { text: string }).text) as { rows: typeof rows }
    expect(kept.rows.length).toBeGreaterThan(10)
    expect(kept.rows.slice(0, -1)).toEqual(rows.slice(0, kept.rows.length - 1))
  })

  it('names what it left out, and says that the call was made', () => {
    const image = { type: 'image', mimeType: 'image/png', data: 'A'.repeat(4_000) }
    const capped = capResult(
      { content: [{ type: 'text', text: 'kept' }, image, { type: 'text', text: 'after' }] },
      1_000,
    )
    expect(capped.content).toHaveLength(2)
    expect(capped).not.toHaveProperty('isError')
    expect(JSON.stringify(capped.content[1])).toMatch(/The call was made.*Left out: image, text\./)
  })

  it('lets nothing large through beside the content', () => {
    const capped = capResult({ content: [], _meta: { large: 'x'.repeat(50_000) }, isError: true }, 1_000)
    expect(bytes(capped)).toBeLessThanOrEqual(1_000)
    expect(capped.isError).toBe(true)
  })
})
