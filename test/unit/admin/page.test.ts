import { describe, expect, it } from 'vitest'
import { pageOf } from '../../../src/admin/page.ts'

const LIST = ['a', 'b', 'c', 'd', 'e']
const page = (limit: number, cursor?: string, list: readonly string[] = LIST) =>
  pageOf(list, (item) => item, { limit, cursor })

describe('a page', () => {
  it('leads to the next one until the last', () => {
    const first = page(2)
    expect(first.items).toEqual(['a', 'b'])
    const second = page(2, first.nextCursor)
    expect(second.items).toEqual(['c', 'd'])
    expect(page(2, second.nextCursor)).toEqual({ items: ['e'] })
  })

  it('has no next one when it ends exactly at the end', () => {
    expect(page(5)).toEqual({ items: LIST })
  })

  it('shifts nothing when items come or go between two requests', () => {
    const { nextCursor } = page(2)
    expect(page(2, nextCursor, ['aa', 'ab', 'c', 'd']).items).toEqual(['c', 'd'])
  })

  it('refuses a cursor that is none', () => {
    for (const cursor of ['', '!!', 'YQ==', ' '])
      expect(() => page(2, cursor)).toThrow(expect.objectContaining({ code: 'invalid_cursor' }))
  })
})
