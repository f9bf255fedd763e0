import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { seal } from '../../../src/vault/seal.ts'

const KEY = randomBytes(32)

describe('sealed text', () => {
  it('gives back what was sealed, and never twice the same text', () => {
    const { seal: close, open } = seal(KEY, 'state')
    expect(open(close({ a: [1, 'é'] }))).toEqual({ a: [1, 'é'] })
    expect(close({ a: 1 })).not.toBe(close({ a: 1 }))
  })

  it('does not open with another key or for another purpose', () => {
    const text = seal(KEY, 'state').seal({ a: 1 })
    expect(seal(randomBytes(32), 'state').open(text)).toBeUndefined()
    expect(seal(KEY, 'cookie').open(text)).toBeUndefined()
  })

  it('does not open once a bit of it was changed, nor for any made-up text', () => {
    const { seal: close, open } = seal(KEY, 'state')
    const bytes = Buffer.from(close({ secret: 'x' }), 'base64url')
    fc.assert(
      fc.property(fc.nat(bytes.length * 8 - 1), (bit) => {
        const changed = Buffer.from(bytes)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(open(changed.toString('base64url'))).toBeUndefined()
      }),
    )
    fc.assert(fc.property(fc.string(), (text) => open(text) === undefined))
  })
})
