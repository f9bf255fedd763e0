import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/kernel/secret.ts'
import { parseKey } from '../../src/vault/key.ts'
import type { SealedSecret } from '../../src/vault/sealed-secret.ts'
import { openVault } from '../../src/vault/vault.ts'

const key = parseKey(new Secret('7k0SR3oq7JvzF8KkPIKYyiCnmxWTTXuVA2CPdFPEFbQ='), 'k1')
const vault = openVault({ keys: [key] })
const part = fc.string({ unit: 'binary', maxLength: 20 })
const binding = fc.record({ organisation: part, connection: part, owner: part, field: part })
const BYTE_FIELDS = ['dek', 'iv', 'ct', 'tag'] as const

describe('sealed secrets', () => {
  it('open with their binding and with no other', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), binding, binding, (secret, own, other) => {
        const sealed = vault.seal(new Secret(secret), own)
        expect(vault.open(sealed, own).reveal()).toBe(secret)
        fc.pre(JSON.stringify(own) !== JSON.stringify(other))
        expect(() => vault.open(sealed, other)).toThrow(expect.objectContaining({ code: 'vault_failed' }))
      }),
    )
  })

  it('do not open when any bit of any field was flipped', () => {
    const own = { organisation: 'acme', connection: 'gmail', owner: '', field: 'token' }
    const sealed = vault.seal(new Secret('a secret of some length'), own)
    for (const field of BYTE_FIELDS) {
      const length = Buffer.from(sealed[field], 'base64url').length
      for (let bit = 0; bit < length * 8; bit++) {
        expect(() => vault.open(flipped(sealed, field, bit), own)).toThrow(
          expect.objectContaining({ code: 'vault_failed' }),
        )
      }
    }
  })

  it('do not open when fields come from another record', () => {
    const own = { organisation: 'acme', connection: 'gmail', owner: '', field: 'token' }
    const [one, two] = [vault.seal(new Secret('one'), own), vault.seal(new Secret('two'), own)]
    fc.assert(
      fc.property(fc.subarray([...BYTE_FIELDS], { minLength: 1, maxLength: 3 }), (fields) => {
        const mixed = { ...one, ...Object.fromEntries(fields.map((field) => [field, two[field]])) }
        expect(() => vault.open(mixed, own)).toThrow(expect.objectContaining({ code: 'vault_failed' }))
      }),
    )
  })
})

function flipped(sealed: SealedSecret, field: (typeof BYTE_FIELDS)[number], bit: number): SealedSecret {
  const bytes = Buffer.from(sealed[field], 'base64url')
  bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return { ...sealed, [field]: bytes.toString('base64url') }
}
