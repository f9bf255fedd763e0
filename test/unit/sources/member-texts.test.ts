import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json, JsonObject } from '../../../src/kernel/json.ts'
import { toJsonText } from '../../../src/kernel/json-text.ts'
import { keepResultTexts } from '../../../src/sources/member-texts.ts'

const LONG = 'x'.repeat(3_000)

/** What is written of the result of a message that came as this text. */
function relayed(text: string): string {
  const message = JSON.parse(text) as { readonly result: JsonObject }
  keepResultTexts(text, message)
  return toJsonText(message.result)
}

describe('the text of a long result', () => {
  it('is relayed as it came: spaces, escapes, and numbers that JavaScript has none of', () => {
    const content = `[ {"type":"text", "text":"${LONG} \\u00e9\\/ \\"", "n": 12345678901234567890, "m": 1.0} ]`
    const result = relayed(`{"jsonrpc":"2.0","id":1,"result":{"content": ${content} ,"isError": false}}`)
    expect(result).toBe(`{"content":${content},"isError":false}`)
  })

  it('goes with the member that nobody has changed, whatever became of the others', () => {
    const text = `{"result":{"resultType":"complete","content":["${LONG}", 1.0],"structuredContent":{"a":"${LONG}","b":1.0}}}`
    const message = JSON.parse(text) as { readonly result: JsonObject }
    keepResultTexts(text, message)
    const { resultType: _type, ...rest } = message.result
    expect(toJsonText({ ...rest, content: ['redacted'] })).toBe(
      `{"content":["redacted"],"structuredContent":{"a":"${LONG}","b":1.0}}`,
    )
  })

  it('is never that of another value with the same name', () => {
    const [one, two] = [`["${LONG}", 1.0]`, `["${LONG}!", 2.0]`]
    expect(relayed(`{"result":{"content":${one},"content":${two}}}`)).toBe(`{"content":${two}}`)
    expect(relayed(`{"result":{"content":${one}},"result":{"content":${two}}}`)).toBe(`{"content":${two}}`)
    for (const text of [
      `{"result":{"content":${one}},"res\\u0075lt":{"content":${two}}}`,
      `{"result":{"content":${one},"conten\\u0074":${two}}}`,
      `{"res\\u0075lt":{"content":${two}},"id":1}`,
    ]) {
      expect(relayed(text)).toBe(JSON.stringify((JSON.parse(text) as { result: Json }).result))
    }
  })

  it('is left alone where it is short, no object, or not there', () => {
    expect(relayed('{"result":{"content":[1.0]}}')).toBe('{"content":[1]}')
    for (const text of [`{"result":["${LONG}"]}`, `{"error":{"message":"${LONG}"}}`, `["${LONG}"]`, `"${LONG}"`])
      expect(() => keepResultTexts(text, JSON.parse(text) as Json)).not.toThrow()
  })

  it('says the same as the value, however it was written', () => {
    const anything = fc.record({
      members: fc.dictionary(fc.string(), fc.jsonValue()),
      other: fc.jsonValue(),
      indent: fc.constantFrom(undefined, ' \t', '\r'),
    })
    fc.assert(
      fc.property(anything, ({ members, other, indent }) => {
        const result = { ...members, long: [members, LONG] }
        const text = JSON.stringify({ before: other, result, after: other }, undefined, indent)
        const message = JSON.parse(text) as { readonly result: JsonObject }
        keepResultTexts(text, message)
        const told = toJsonText(message.result)
        expect(JSON.parse(told)).toEqual(message.result)
        const hasEscapes = Object.keys(members).some((name) => JSON.stringify(name).includes('\\'))
        if (indent !== undefined && !hasEscapes) expect(told).toContain(`"long":[${indent === '\r' ? '\n\r' : '\n \t'}`)
      }),
    )
  })
})
