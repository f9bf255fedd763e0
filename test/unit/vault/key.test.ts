import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/kernel/errors.ts'
import { Secret } from '../../../src/kernel/secret.ts'
import { parseKey } from '../../../src/vault/key.ts'

const parse = (text: string, kid?: string): unknown => parseKey(new Secret(text), kid)
const GOOD = 'q83vASNFZ4mrze8BI0VniavN7wEjRWeJq83vASNFZ4k='
const random = randomBytes(32).toString('base64')

describe('an encryption key', () => {
  it('is 32 random bytes in base64, named by its fingerprint unless it has a name', () => {
    const key = parseKey(new Secret(random))
    expect(key.key.reveal().toString('base64')).toBe(random)
    expect(key).toMatchObject({ state: 'active', kid: expect.stringMatching(/^k[0-9a-f]{12}$/) })
    expect(parseKey(new Secret(random)).kid).toBe(key.kid)
    expect(parseKey(new Secret(random), '2026-11').kid).toBe('2026-11')
  })

  it.each([
    ['nothing', ''],
    ['junk that Node would skip', `${random.slice(0, 10)} ${random.slice(10)}`],
    ['a line feed at the end', `${random}\n`],
    ['no padding', random.slice(0, -1)],
    ['base64url', Buffer.alloc(32, 0xfb).toString('base64url')],
    ['bits beyond the last byte', `${random.slice(0, 42)}${random[42] === 'B' ? 'C' : 'B'}=`.replace(/.=$/, '/=')],
    ['16 bytes', randomBytes(16).toString('base64')],
    ['33 bytes', randomBytes(33).toString('base64')],
    ['hex', randomBytes(32).toString('hex')],
    ['zeros', Buffer.alloc(32).toString('base64')],
    ['one byte over and over', Buffer.alloc(32, 0x5a).toString('base64')],
    ['eight bytes over and over', GOOD],
    ['a pass phrase', Buffer.from('correct horse battery staple 123').toString('base64')],
    ['a counting sequence', Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64')],
  ])('is not %s', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(() => parse(text)).toThrow('openssl rand -base64 32')
  })

  it('is never repeated in a message', () => {
    const weak = Buffer.from('correct horse battery staple 123').toString('base64')
    try {
      parse(weak)
      expect.unreachable()
    } catch (error) {
      expect(error).toBeInstanceOf(GatewayError)
      expect(String(error)).not.toContain(weak)
      expect(JSON.stringify(error)).not.toContain(weak)
    }
  })

  it.each(['', '../x', 'a b', 'ä', 'x'.repeat(65)])('has no id such as %j', (kid) => {
    expect(() => parse(random, kid)).toThrow('has an id with characters other than')
  })
})
