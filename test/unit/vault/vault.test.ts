import { createDecipheriv, randomBytes } from 'node:crypto'
import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { Secret } from '../../../src/kernel/secret.ts'
import { parseKey, type VaultKey } from '../../../src/vault/key.ts'
import { isSealedSecret, type SealedSecret } from '../../../src/vault/sealed-secret.ts'
import { type Binding, openVault } from '../../../src/vault/vault.ts'

const newKey = (kid?: string): VaultKey => parseKey(new Secret(randomBytes(32).toString('base64')), kid)
const former = (key: VaultKey): VaultKey => ({ ...key, state: 'decrypt-only' })

const binding: Binding = { organisation: 'acme', connection: 'gmail', owner: 'ann', field: 'access_token' }
const TOKEN = 'ya29.a-token-with-ümlauts-and-😀'
const failure = { code: 'vault_failed', message: expect.stringContaining('access_token of gmail cannot be opened') }

describe('a vault', () => {
  it('opens what it sealed, where it was sealed for', () => {
    const vault = openVault({ keys: [newKey()] })
    for (const secret of [TOKEN, '', 'x'.repeat(100_000)]) {
      expect(vault.open(vault.seal(new Secret(secret), binding), binding).reveal()).toBe(secret)
    }
  })

  it('seals into plain JSON that shows nothing, differently each time', () => {
    const vault = openVault({ keys: [newKey('k1')] })
    const [one, two] = [vault.seal(new Secret(TOKEN), binding), vault.seal(new Secret(TOKEN), binding)]
    expect(Object.keys(one)).toEqual(['v', 'kid', 'dek', 'iv', 'ct', 'tag'])
    expect(one).toMatchObject({ v: 1, kid: 'k1' })
    expect(one.dek).not.toBe(two.dek)
    expect(one.ct).not.toBe(two.ct)
    expect(JSON.stringify(one)).not.toContain('ya29')
    expect(vault.open(JSON.parse(JSON.stringify(one)), binding).reveal()).toBe(TOKEN)
  })

  it.each([
    ['organisation', 'other'],
    ['connection', 'slack'],
    ['owner', 'bob'],
    ['field', 'refresh_token'],
  ] as const)('does not open a record that was moved to another %s', (part, value) => {
    const vault = openVault({ keys: [newKey()] })
    const sealed = vault.seal(new Secret(TOKEN), binding)
    expect(() => vault.open(sealed, { ...binding, [part]: value })).toThrow(
      expect.objectContaining({ code: 'vault_failed' }),
    )
  })

  it('tells apart bindings whose parts run together the same', () => {
    const vault = openVault({ keys: [newKey()] })
    const sealed = vault.seal(new Secret(TOKEN), { ...binding, connection: 'ab', owner: 'c' })
    expect(() => vault.open(sealed, { ...binding, connection: 'a', owner: 'bc' })).toThrow('cannot be opened')
  })

  it('refuses shortened tags, which Node alone would take', () => {
    const vault = openVault({ keys: [newKey()] })
    const sealed = vault.seal(new Secret(TOKEN), binding)
    const short = Buffer.from(sealed.tag, 'base64url').subarray(0, 4)
    expect(() => createDecipheriv('aes-256-gcm', randomBytes(32), randomBytes(12)).setAuthTag(short)).not.toThrow()
    for (const length of [0, 4, 8, 12, 15]) {
      const tag = Buffer.from(sealed.tag, 'base64url').subarray(0, length).toString('base64url')
      expect(() => vault.open({ ...sealed, tag }, binding)).toThrow(expect.objectContaining(failure))
    }
  })

  it.each<[string, (sealed: SealedSecret) => object]>([
    ['a field is missing', () => ({ ct: undefined })],
    ['another version', () => ({ v: 2 })],
    ['not base64url', () => ({ iv: '!!!!!!!!!!!!!!!!' })],
    ['another spelling of the same bytes', ({ tag }) => ({ tag: `${tag}==` })],
  ])('refuses what is no sealed secret: %s', (_, change) => {
    const vault = openVault({ keys: [newKey()] })
    const sealed = vault.seal(new Secret(TOKEN), binding)
    const broken = { ...sealed, ...change(sealed) } as unknown as SealedSecret
    expect(isSealedSecret(broken)).toBe(false)
    expect(() => vault.open(broken, binding)).toThrow(expect.objectContaining(failure))
  })

  it('never prints a secret or a key', () => {
    const key = newKey()
    const vault = openVault({ keys: [key] })
    const opened = vault.open(vault.seal(new Secret(TOKEN), binding), binding)
    const printed = `${inspect({ key, opened, vault }, { depth: 9 })} ${JSON.stringify({ key, opened })} ${String(opened)}`
    expect(printed).not.toContain('ya29')
    expect(printed).not.toContain(key.key.reveal().toString('base64'))
    expect(printed).not.toMatch(/<Buffer/)
  })
})

describe('rotation', () => {
  it('opens old records with the former key and rewraps them under the new one', () => {
    const [old, fresh] = [newKey('old'), newKey('new')]
    const sealed = openVault({ keys: [old] }).seal(new Secret(TOKEN), binding)
    const vault = openVault({ keys: [former(old), fresh] })
    expect(vault.kids()).toEqual(['new', 'old'])
    expect(vault.open(sealed, binding).reveal()).toBe(TOKEN)
    const rewrapped = vault.rewrap(sealed, binding)
    if (!rewrapped) throw new Error('nothing was rewrapped')
    expect(rewrapped.kid).toBe('new')
    expect(vault.rewrap(rewrapped, binding)).toBeUndefined()
    expect(
      openVault({ keys: [fresh] })
        .open(rewrapped, binding)
        .reveal(),
    ).toBe(TOKEN)
  })

  it('names the key that is missing', () => {
    const sealed = openVault({ keys: [newKey('k2025')] }).seal(new Secret(TOKEN), binding)
    expect(() => openVault({ keys: [newKey('k2026')] }).open(sealed, binding)).toThrow(
      expect.objectContaining({
        code: 'vault_failed',
        message: expect.stringContaining('encryption key k2025 is not configured'),
        data: { kid: 'k2025' },
      }),
    )
  })

  it('does not open with another key of the same name, nor with a record renamed', () => {
    const sealed = openVault({ keys: [newKey('k')] }).seal(new Secret(TOKEN), binding)
    expect(() => openVault({ keys: [newKey('k')] }).open(sealed, binding)).toThrow('cannot be opened')
    const key = newKey('a')
    const vault = openVault({ keys: [key, { ...key, kid: 'b', state: 'decrypt-only' }] })
    const renamed = { ...vault.seal(new Secret(TOKEN), binding), kid: 'b' }
    expect(() => vault.open(renamed, binding)).toThrow('cannot be opened')
  })

  it('will not rewrap what it cannot open', () => {
    const [old, fresh] = [newKey('old'), newKey('new')]
    const sealed = openVault({ keys: [old] }).seal(new Secret(TOKEN), binding)
    const vault = openVault({ keys: [former(old), fresh] })
    expect(() => vault.rewrap(sealed, { ...binding, owner: 'eve' })).toThrow('cannot be opened')
  })

  it('needs exactly one active key, and ids that differ', () => {
    const invalid = expect.objectContaining({ code: 'config_invalid' })
    expect(() => openVault({ keys: [] })).toThrow(invalid)
    expect(() => openVault({ keys: [former(newKey())] })).toThrow(invalid)
    expect(() => openVault({ keys: [newKey(), newKey()] })).toThrow('2 keys are')
    expect(() => openVault({ keys: [newKey('k'), former(newKey('k'))] })).toThrow('have the id k')
  })
})

describe('derived keys', () => {
  it('are the same for a label after every start, and differ between labels and keys', () => {
    const key = newKey()
    const derive = (label: string): string =>
      openVault({ keys: [key] })
        .derive(label)
        .toString('hex')
    expect(derive('audit')).toBe(derive('audit'))
    const all = ['audit', 'request-state', '', 'vault'].map(derive)
    expect(new Set([...all, key.key.reveal().toString('hex')]).size).toBe(5)
    expect(
      openVault({ keys: [newKey()] })
        .derive('audit')
        .toString('hex'),
    ).not.toBe(derive('audit'))
    expect(openVault({ keys: [key] }).derive('audit')).toHaveLength(32)
  })

  it('of a former key are still to be had by its id', () => {
    const [old, fresh] = [newKey('old'), newKey('new')]
    const before = openVault({ keys: [old] }).derive('audit')
    const vault = openVault({ keys: [fresh, former(old)] })
    expect(vault.derive('audit', 'old')).toEqual(before)
    expect(vault.derive('audit')).not.toEqual(before)
    expect(() => vault.derive('audit', 'lost')).toThrow('encryption key lost is not configured')
  })
})
