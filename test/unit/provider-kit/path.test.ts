import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { path, segments } from '../../../src/provider-kit/index.ts'

describe('a path', () => {
  it('encodes each value as one segment and leaves its own text alone', () => {
    expect(path`/repos/${'octo cat'}/${'a?b#c'}/issues/${7}.json`).toBe('/repos/octo%20cat/a%3Fb%23c/issues/7.json')
    expect(path`/me`).toBe('/me')
  })

  it('lets a value span segments only where the template says so', () => {
    expect(path`/contents/${segments('docs/a b.md')}`).toBe('/contents/docs/a%20b.md')
    expect(() => path`/contents/${'docs/a.md'}`).toThrow(/contains a slash/)
  })

  it.each([
    '',
    '.',
    '..',
    'a/b',
    'a\\b',
    '%2f',
    'a%2F..%2Fb',
    '%2e%2e',
    '%5c',
    '%252f',
    '%0d%0a',
    '%00',
    'a\nb',
    'a\rb',
    'a\u0000b',
    'a\u007fb',
    'a\u0085b',
    '\ud800',
  ])('refuses %j', (value) => {
    expect(() => path`/x/${value}/y`).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  it.each(['/a', 'a/', 'a//b', 'a/../b', 'a/./b', '..', ''])('refuses %j as segments', (value) => {
    expect(() => path`/x/${segments(value)}`).toThrow(expect.objectContaining({ code: 'invalid_input' }))
  })

  it('keeps the shape of its template for any value that it takes', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const made = attempt(() => path`/before/${value}/after`)
        if (made === undefined) return
        const url = new URL(`https://api.example.com${made}`)
        expect([url.origin, url.pathname, url.search, url.hash]).toEqual(['https://api.example.com', made, '', ''])
        expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'before', value, 'after'])
      }),
    )
  })
})

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
