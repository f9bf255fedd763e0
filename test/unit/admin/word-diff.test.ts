import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { wordDiff } from '../../../src/admin/word-diff.ts'

const shown = (before: string, after: string): string =>
  wordDiff(before, after)
    .map(({ op, text }) => (op === 'same' ? text : op === 'removed' ? `[-${text}-]` : `{+${text}+}`))
    .join('')

describe('a word diff', () => {
  it('shows what went and what came, and leaves the rest', () => {
    expect(shown('Reads a file.', 'Reads a file and sends it away.')).toBe('Reads a file{+ and sends it away+}.')
    expect(shown('Reads one file.', 'Reads any file.')).toBe('Reads [-one-]{+any+} file.')
  })

  it('shows white space that was added, so that nothing hides in it', () => {
    expect(shown('a b', 'a  b')).toBe('a[- -]{+  +}b')
  })

  it('has nothing to show for equal texts', () => {
    expect(wordDiff('same', 'same')).toEqual([{ op: 'same', text: 'same' }])
    expect(wordDiff('', '')).toEqual([])
  })

  it('gives both texts back, whatever they are', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '.', '\n', 'ä') })
    fc.assert(
      fc.property(text, text, (before, after) => {
        const parts = wordDiff(before, after)
        const without = (op: string): string =>
          parts
            .filter((part) => part.op !== op)
            .map((part) => part.text)
            .join('')
        expect(without('added')).toBe(before)
        expect(without('removed')).toBe(after)
      }),
    )
  })

  it('stays quick on texts that have nothing in common', () => {
    const long = (word: string): string => `${word} `.repeat(50_000)
    const startedAt = performance.now()
    expect(wordDiff(long('a'), long('b')).map(({ op }) => op)).toEqual(['removed', 'added', 'same'])
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })
})
