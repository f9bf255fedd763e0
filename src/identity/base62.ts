const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** The largest multiple of 62 in a byte: bytes from here on are thrown away, so that every digit is equally likely. */
const FAIR = 248

/** Unguessable bytes, such as `randomBytes` of node:crypto. */
export type Random = (size: number) => Uint8Array

/** Random letters and digits, 5.95 bits each: 43 of them are 256 bits. A double click selects them all. */
export function randomBase62(length: number, random: Random): string {
  let text = ''
  while (text.length < length) {
    for (const byte of random(length)) {
      if (byte < FAIR && text.length < length) text += DIGITS[byte % DIGITS.length] ?? ''
    }
  }
  return text
}
