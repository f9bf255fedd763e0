import { createHash } from 'node:crypto'
import { GatewayError } from '../kernel/errors.ts'
import { Secret } from '../kernel/secret.ts'
import { KEY_BYTES } from './envelope.ts'

/** A key that wraps data keys. Exactly one of a vault's keys is active; the others only open what they sealed. */
export interface VaultKey {
  readonly kid: string
  readonly key: Secret<Buffer>
  readonly state: 'active' | 'decrypt-only'
}

/** 32 random bytes have fewer distinct values than this once in 10^14 times; repeated or padded text nearly always. */
const MIN_DISTINCT_BYTES = 16
const KID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/
const REMEDY = 'Make one with `openssl rand -base64 32`.'

/**
 * An active key from base64 (RFC 4648 §4) of exactly 32 bytes. Without a `kid` the key is named by its own fingerprint,
 * so that another key never answers to the same name. Throws GatewayError `config_invalid` for other spellings and
 * for bytes that nobody drew at random; the message never holds the key.
 */
export function parseKey(base64: Secret, kid?: string): VaultKey {
  const text = base64.reveal()
  const key = Buffer.from(text, 'base64')
  if (key.toString('base64') !== text) refuse('is not canonical base64')
  if (key.length !== KEY_BYTES) refuse(`has ${key.length} bytes, not ${KEY_BYTES}`)
  const weakness = weaknessOf(key)
  if (weakness) refuse(weakness)
  if (kid !== undefined && !KID.test(kid)) refuse('has an id with characters other than A-Z, a-z, 0-9, _ and -')
  return { kid: kid ?? fingerprint(key), key: new Secret(key), state: 'active' }
}

function weaknessOf(key: Buffer): string | undefined {
  if (new Set(key).size < MIN_DISTINCT_BYTES) return 'repeats too few different bytes'
  if (key.every((byte) => byte >= 0x20 && byte < 0x7f)) return 'is text, not random bytes'
  const steps = new Set(key.subarray(1).map((byte, index) => byte - (key[index] ?? 0)))
  return steps.size === 1 ? 'is a counting sequence' : undefined
}

const fingerprint = (key: Buffer): string =>
  `k${createHash('sha256').update('gatehouse/kid\0').update(key).digest('hex').slice(0, 12)}`

function refuse(why: string): never {
  throw new GatewayError('config_invalid', `The encryption key ${why}. ${REMEDY}`)
}
