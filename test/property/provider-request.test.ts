import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { openProvider } from '../helpers/acme.ts'
import { json } from '../helpers/fake-vendor.ts'

/** What people put into ids to get somewhere else. */
const SMUGGLED = fc.constantFrom(
  '../admin',
  '..%2fadmin',
  '%2e%2e/admin',
  '..\\admin',
  'x/../../../admin',
  '//evil.example/x',
  '@evil.example',
  'x?admin=1',
  'x#admin',
  'x\r\nhost: evil.example',
  'x HTTP/1.1\r\nx-evil: 1',
  'x;y=z',
  '%00',
  '．．／admin',
  '\u2028x-evil: 1',
)
const text = fc.oneof(SMUGGLED, fc.string({ unit: 'binary' }), fc.string({ unit: 'grapheme-ascii' }))

describe('whatever the arguments are', () => {
  it('the request stays at its origin, under its prefix, in its segment, with its own headers', async () => {
    const { call, vendor } = await openProvider(json({ id: 't1', name: 'Bolt' }))
    const [whoami] = vendor.requests
    const expected = new Set([...Object.keys(whoami?.headers ?? {}), 'x-note'])
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.option(text, { nil: undefined }),
        fc.option(text, { nil: undefined }),
        async (id, note, q) => {
          const before = vendor.requests.length
          const input = { id, ...(note === undefined ? {} : { note }), ...(q === undefined ? {} : { q }) }
          const failure = await call('get_thing', input).then(
            () => undefined,
            (error: unknown) => error,
          )
          if (failure) expect(failure).toMatchObject({ code: 'invalid_input' })
          const sent = vendor.requests.slice(before)
          expect(sent).toHaveLength(failure ? 0 : 1)
          for (const { target, method, headers, body } of sent) {
            const [pathname = '', query = ''] = target.split('?')
            expect(pathname.split('/').map(decodeURIComponent)).toEqual(['', 'v1', 'things', id])
            expect(new URLSearchParams(query).get('q')).toBe(q === undefined ? null : wellFormed(q))
            expect([method, body, headers.host]).toEqual(['GET', '', `127.0.0.1:${vendor.port}`])
            expect(Object.keys(headers).filter((name) => !expected.has(name))).toEqual([])
          }
        },
      ),
      { numRuns: 300 },
    )
  })
})

/** What any URL makes of half a surrogate pair. */
const wellFormed = (text: string): string => Buffer.from(text).toString()
