import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

const CIPHER = 'aes-256-gcm'
const IV_BYTES = 12
/** Without it, Node's `setAuthTag` also takes tags of 4 bytes, which can be guessed. */
const TAG_BYTES = 16
export const KEY_BYTES = 32

/** One AES-256-GCM encryption with an IV of its own (NIST SP 800-38D §8.2.2: random, 96 bits). */
export interface Box {
  readonly iv: Buffer
  readonly ct: Buffer
  readonly tag: Buffer
}

export function encrypt(key: Buffer, plain: Buffer, aad: Buffer): Box {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv(CIPHER, key, iv, { authTagLength: TAG_BYTES }).setAAD(aad)
  const ct = Buffer.concat([cipher.update(plain), cipher.final()])
  return { iv, ct, tag: cipher.getAuthTag() }
}

/** Throws when anything was changed: key, IV, text, tag or `aad`. */
export function decrypt(key: Buffer, box: Box, aad: Buffer): Buffer {
  if (box.iv.length !== IV_BYTES || box.tag.length !== TAG_BYTES) throw new Error('IV or tag has the wrong length')
  const decipher = createDecipheriv(CIPHER, key, box.iv, { authTagLength: TAG_BYTES }).setAAD(aad).setAuthTag(box.tag)
  return Buffer.concat([decipher.update(box.ct), decipher.final()])
}

/** A box as one run of bytes: IV, ciphertext, tag. */
export const packBox = (box: Box): Buffer => Buffer.concat([box.iv, box.ct, box.tag])

export const unpackBox = (bytes: Buffer): Box => ({
  iv: bytes.subarray(0, IV_BYTES),
  ct: bytes.subarray(IV_BYTES, -TAG_BYTES),
  tag: bytes.subarray(-TAG_BYTES),
})

/** Parts with their lengths in front, so that no two lists of parts give the same bytes. */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part, 'utf8')
      const length = Buffer.alloc(4)
      length.writeUInt32BE(bytes.length)
      return [length, bytes]
    }),
  )
}
