import { isJsonObject, type JsonObject } from '../kernel/json.ts'
import { decrypt, encrypt, packBox, unpackBox } from './envelope.ts'

/** Makes text of a value that only holders of the key can read and nobody can change, and the value of such text. */
export interface Seal {
  seal(value: JsonObject): string
  /** Undefined for what was not sealed here, or was changed since. */
  open(text: string): JsonObject | undefined
}

/** Longer text is not looked at. Characters. */
const MOST_CHARACTERS = 262_144

/** AES-256-GCM under one key; `purpose` keeps text of one use from opening in another. */
export function seal(key: Buffer, purpose: string): Seal {
  const aad = Buffer.from(purpose)
  return {
    seal: (value) => packBox(encrypt(key, Buffer.from(JSON.stringify(value)), aad)).toString('base64url'),
    open(text) {
      if (text.length > MOST_CHARACTERS || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined
      const plain = opened(key, text, aad)
      const value: unknown = plain && JSON.parse(plain.toString())
      return isJsonObject(value) ? value : undefined
    },
  }
}

/** What does not open is not ours; the caller says so. */
function opened(key: Buffer, text: string, aad: Buffer): Buffer | undefined {
  try {
    return decrypt(key, unpackBox(Buffer.from(text, 'base64url')), aad)
  } catch {
    return undefined
  }
}
