import { describe, expect, it } from 'vitest'
import { failureByStatus, linkTo, nextPage, retryAfter, wordsOf } from '../../../src/provider-kit/index.ts'
import type { WireReply } from '../../../src/provider-kit/index.ts'

const reply = (status: number, headers: Record<string, string> = {}, body?: unknown): WireReply => ({
  status,
  headers,
  body,
})

describe('the usual reading of a status', () => {
  it.each([
    [200, undefined],
    [204, undefined],
    [304, 'upstream'],
    [400, 'invalid_input'],
    [401, 'reauth'],
    [403, 'forbidden'],
    [404, 'not_found'],
    [409, 'conflict'],
    [410, 'not_found'],
    [412, 'conflict'],
    [422, 'invalid_input'],
    [429, 'rate_limit_exceeded'],
    [500, 'upstream'],
    [503, 'upstream'],
  ])('%i is %s', (status, kind) => {
    expect(failureByStatus(reply(status), { message: [] })?.kind).toBe(kind)
  })

  it("takes the vendor's words from the first pointer that has some", () => {
    const body = { errors: [{ detail: ' No such\n thing. ' }], message: '' }
    expect(failureByStatus(reply(404, {}, body), { message: ['/message', '/errors/0/detail'] })).toEqual({
      kind: 'not_found',
      message: 'No such thing.',
    })
    expect(wordsOf(reply(500, {}, '<html>'), ['/message'])).toBe('HTTP 500')
    expect(wordsOf(reply(500, {}, { message: 'x'.repeat(5000) }), ['/message'])).toHaveLength(300)
    expect(wordsOf(reply(500, {}, { message: 'x' }), ['/constructor/name', '/message/length'])).toBe('HTTP 500')
  })

  it('says when to try again: a delay, a date, or a reset in epoch seconds', () => {
    expect(failureByStatus(reply(429, { 'retry-after': '30' }), { message: [] })).toMatchObject({
      retryAfterMs: 30_000,
    })
    expect(retryAfter(reply(429, { 'retry-after': '0.5' }))).toEqual({ retryAfterMs: 500 })
    expect(retryAfter(reply(429, { 'retry-after': 'Fri, 20 Nov 2026 10:00:00 GMT' }))).toEqual({
      retryAt: Date.UTC(2026, 10, 20, 10),
    })
    expect(retryAfter(reply(403, { 'x-reset': '1790000000' }), 'x-reset')).toEqual({ retryAt: 1_790_000_000_000 })
    expect(retryAfter(reply(429, { 'retry-after': 'soon' }), 'x-reset')).toEqual({})
  })
})

describe('paging', () => {
  const link =
    '<https://api.example.com/x?a=1,2&page=3>; rel="next", <https://api.example.com/x?page=9>; title="a, b"; rel="last end"'

  it('finds the cursor of the next page in a Link header', () => {
    expect(nextPage(reply(200, { link }))).toBe('3')
    expect(nextPage(reply(200, { link: '</x?after=c%3D1>;rel=next' }), 'after')).toBe('c=1')
    expect(linkTo(reply(200, { link }), 'end')?.search).toBe('?page=9')
  })

  it('finds none on the last page or in nonsense', () => {
    expect(nextPage(reply(200))).toBeUndefined()
    expect(nextPage(reply(200, { link: '<https://api.example.com/x?page=1>; rel="prev"' }))).toBeUndefined()
    expect(nextPage(reply(200, { link: '<http://[>; rel="next", rel=next, <' }))).toBeUndefined()
    expect(nextPage(reply(200, { link: `${'<'.repeat(50_000)}; rel=next` }))).toBeUndefined()
  })
})
