import { isJsonObject, type JsonObject } from '../kernel/json.ts'

/** A secret at rest: safe to store, useless elsewhere than where its binding says. The four byte fields are base64url. */
export interface SealedSecret extends JsonObject {
  readonly v: 1
  /** The key that wraps the data key. */
  readonly kid: string
  /** The wrapped data key: IV, ciphertext, tag. */
  readonly dek: string
  readonly iv: string
  readonly ct: string
  readonly tag: string
}

const BYTE_FIELDS = ['dek', 'iv', 'ct', 'tag'] as const

/** For schemas of rows that hold one. Says nothing about whether it opens. */
export const isSealedSecret = (value: unknown): value is SealedSecret =>
  isJsonObject(value) &&
  value['v'] === 1 &&
  typeof value['kid'] === 'string' &&
  BYTE_FIELDS.every((field) => typeof value[field] === 'string' && isBase64url(value[field]))

/** Only the one spelling of some bytes: Node's own decoder skips what it does not know. */
const isBase64url = (text: string): boolean => Buffer.from(text, 'base64url').toString('base64url') === text
