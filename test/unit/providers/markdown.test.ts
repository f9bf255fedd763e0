import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toBlocks } from '../../../providers/_markdown/blocks.ts'
import { toInlines } from '../../../providers/_markdown/inline.ts'

describe('the marks within a paragraph', () => {
  it('are read, also within each other', () => {
    expect(toInlines('a **b *c* `d`** ~~e~~ _f_')).toEqual([
      { text: 'a ' },
      { text: 'b ', bold: true },
      { text: 'c', bold: true, italic: true },
      { text: ' ', bold: true },
      { text: 'd', bold: true, code: true },
      { text: ' ' },
      { text: 'e', strike: true },
      { text: ' ' },
      { text: 'f', italic: true },
    ])
  })

  it('are links and people, and bare addresses without the sign behind them', () => {
    expect(toInlines('[see **this**](https://a.example/x) https://b.example/y. [~accountid:5b10:a-1]')).toEqual([
      { text: 'see ', link: 'https://a.example/x' },
      { text: 'this', link: 'https://a.example/x', bold: true },
      { text: ' ' },
      { text: 'https://b.example/y', link: 'https://b.example/y' },
      { text: '.' },
      { text: ' ' },
      { text: '', mention: '5b10:a-1' },
    ])
  })

  it.each(['snake_case_name', '2 * 3 * 4', '** not bold **', '[x](javascript:alert(1))', '[x](/relative)', 'a`b'])(
    'are not seen in %j',
    (text) => {
      expect(toInlines(text)).toEqual([{ text }])
    },
  )

  it('stay plain words within code', () => {
    expect(toInlines('`**a** [b](https://c.example)`')).toEqual([{ text: '**a** [b](https://c.example)', code: true }])
  })
})

describe('the blocks of a text', () => {
  it('are headings, paragraphs with their line ends, quotes, code, rules', () => {
    expect(toBlocks('# A\r\none\ntwo\n\n> q\n> r\n```js\nlet a\n\n# no\n```\n---\nend')).toEqual([
      { kind: 'heading', level: 1, content: [{ text: 'A' }] },
      { kind: 'paragraph', content: [{ text: 'one\ntwo' }] },
      { kind: 'quote', content: [{ text: 'q\nr' }] },
      { kind: 'code', language: 'js', text: 'let a\n\n# no' },
      { kind: 'rule' },
      { kind: 'paragraph', content: [{ text: 'end' }] },
    ])
  })

  it('are lists within lists, tasks too, and another kind is another list', () => {
    expect(toBlocks('- a\n  1. b\n     - c\n- [x] d\n* [ ] e\n1) f')).toEqual([
      {
        kind: 'list',
        ordered: false,
        items: [
          {
            content: [{ text: 'a' }],
            children: [
              {
                kind: 'list',
                ordered: true,
                items: [
                  {
                    content: [{ text: 'b' }],
                    children: [{ kind: 'list', ordered: false, items: [{ content: [{ text: 'c' }], children: [] }] }],
                  },
                ],
              },
            ],
          },
          { content: [{ text: 'd' }], checked: true, children: [] },
          { content: [{ text: 'e' }], checked: false, children: [] },
        ],
      },
      { kind: 'list', ordered: true, items: [{ content: [{ text: 'f' }], children: [] }] },
    ])
  })

  it('end with the text where a fence is not closed', () => {
    expect(toBlocks('```\na\nb')).toEqual([{ kind: 'code', language: '', text: 'a\nb' }])
  })
})

describe('whatever the text is', () => {
  const signs = '- * ** _ ~~ ` ``` # > 1. [ ]( ) [x] https:// \t \r'.split(' ')
  const part = fc.oneof(
    fc.constantFrom(...signs, ' ', '  ', '\n', '\n\n', 'wordone', 'wordtwo', '👋'),
    fc.string({ maxLength: 5 }),
  )
  const text = fc.array(part, { maxLength: 60 }).map((parts) => parts.join(''))

  it('it is read to its end, and every word is still there', () => {
    fc.assert(
      fc.property(text, (markdown) => {
        const read = JSON.stringify(toBlocks(markdown))
        for (const word of ['wordone', 'wordtwo']) {
          expect(read.split(word).length).toBeGreaterThanOrEqual(markdown.split(word).length)
        }
      }),
      { numRuns: 1_000 },
    )
  })

  it.each(['[', '**', '`', '- ', '> ', '```\n', '~~a', '_a', '[a](https://', '  - \n', '#', '1. a\n '])(
    'it takes time in proportion: 32,767 characters of %j',
    (piece) => {
      const started = performance.now()
      toBlocks(piece.repeat(Math.ceil(32_767 / piece.length)))
      expect(performance.now() - started).toBeLessThan(2_000)
    },
  )
})
