import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { visibleParts, visibleText } from '../../../src/gateway/approvals/visible.ts'

describe('what a person reads', () => {
  it.each([
    ['zero width', 'a\u200bb', 'a⟨U+200B⟩b'],
    ['reading direction', 'a\u202eb', 'a⟨U+202E⟩b'],
    ['a tag character', 'a\u{e0041}b', 'a⟨U+E0041⟩b'],
    ['a control character', 'a\u001b[2Jb', 'a⟨U+001B⟩[2Jb'],
    ['a carriage return', 'a\rb', 'a⟨U+000D⟩b'],
    ['an odd space', 'a\u00a0b', 'a⟨U+00A0⟩b'],
    ['a filler', 'a\u3164b', 'a⟨U+3164⟩b'],
    ['half a character', 'a\ud800b', 'a⟨U+D800⟩b'],
    ['a Russian letter among Latin ones', 'p\u0430ypal.com', 'p⟨\u0430 U+0430⟩ypal.com'],
    ['a fullwidth slash', '\uff0fetc', '⟨\uff0f U+FF0F⟩etc'],
  ])('has %s marked', (_what, text, shown) => {
    expect(visibleText(text)).toBe(shown)
  })

  it.each(['Grüße aus Köln, 3 €\nzweite Zeile', 'Привет, мир', '日本語 テキスト', 'naïve café', '😀 ok'])(
    'is left as it is when it is honest: %s',
    (text) => {
      expect(visibleText(text)).toBe(text)
    },
  )

  it('has everything in it, in order, and nothing that hides', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parts = visibleParts(text)
        const plain = parts.filter(({ mark }) => mark === undefined).map((part) => part.text)
        let from = 0
        for (const part of plain) {
          const at = text.indexOf(part, from)
          expect(at).toBeGreaterThanOrEqual(from)
          from = at + part.length
        }
        expect(plain.join('')).not.toMatch(/[\p{Cf}\p{DI}\u202a-\u202e]|(?!\n)\p{Cc}/u)
      }),
    )
  })
})
