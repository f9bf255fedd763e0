import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { expandUrl, keysIn } from '../../../src/provider-kit/url-template.ts'

const expand = (template: string, values: Record<string, string>): string =>
  expandUrl(template, (key) => (Object.hasOwn(values, key) ? values[key] : undefined)).href

describe('an address with placeholders', () => {
  it('takes one host label and one path segment for each', () => {
    expect(expand('https://{site}.atlassian.net/rest/{v}', { site: 'Acme-1', v: '3' })).toBe(
      'https://acme-1.atlassian.net/rest/3',
    )
    expect(expand('https://api.example.com/bot{token}/x', { token: '123:A B' })).toBe(
      'https://api.example.com/bot123%3AA%20B/x',
    )
    expect(expand('http://127.0.0.1:8080/{a}', { a: 'x' })).toBe('http://127.0.0.1:8080/x')
    expect(expand('https://example.com:443', {})).toBe('https://example.com/')
    expect(keysIn('https://{a}.example.com/{b}/{a}')).toEqual(['a', 'b'])
  })

  it.each([
    'evil.example',
    'evil.example/',
    'a@b',
    'a:1',
    'a#',
    'a?',
    '',
    '-a',
    'a-',
    'ä',
    'x'.repeat(64),
    '[::1]',
    'a\\',
  ])('has no host label %j', (site) => {
    expect(() => expand('https://{site}.example.com', { site })).toThrow(/"site"/)
  })

  it.each(['..', '.', '', 'a/b', 'a\\b', '%2e%2e', '%2f', 'a\nb', '\ud800'])('has no path segment %j', (id) => {
    expect(() => expand('https://example.com/x/{id}', { id })).toThrow(/"id"/)
  })

  it('says which value is not known, and repeats none', () => {
    expect(() => expand('https://{site}.example.com', {})).toThrow('The address needs "site", which is not known.')
    expect(() => expand('https://{site}.example.com', { site: 'canary.evil' })).not.toThrow(/canary/)
  })

  it('never leaves its host nor its path, whatever the values are', () => {
    const value = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.webUrl(), fc.domain(), fc.webPath())
    fc.assert(
      fc.property(value, value, (site, id) => {
        const url = attempt(() => expandUrl('https://{site}.example.com/v1/{id}', (key) => (key === 'id' ? id : site)))
        if (!url) return
        expect(url.host).toBe(`${site.toLowerCase()}.example.com`)
        expect(url.hostname.split('.')).toHaveLength(3)
        expect(url.pathname.split('/').map(decodeURIComponent)).toEqual(['', 'v1', id])
        expect([url.protocol, url.username, url.search, url.hash]).toEqual(['https:', '', '', ''])
      }),
      { numRuns: 2_000 },
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
