import { createHash, timingSafeEqual } from 'node:crypto'

/** 256 bits. */
const SECRET_BYTES = 32
const SECRET = /^[A-Za-z0-9_-]{43}$/

export type RandomBytes = (count: number) => Uint8Array

/** 43 characters of base64url; as a code verifier it is what RFC 7636 §4.1 asks for. */
export const freshSecret = (randomBytes: RandomBytes): string =>
  Buffer.from(randomBytes(SECRET_BYTES)).toString('base64url')

export const isFlowSecret = (text: string | undefined): text is string => text !== undefined && SECRET.test(text)

export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** Whether the text is the one of the hash; takes the same time for all texts. */
export const matches = (text: string, hash: string): boolean =>
  timingSafeEqual(Buffer.from(hashOf(text)), Buffer.from(hash.padEnd(43).slice(0, 43)))

/** `<flow>.<secret>`: the first part finds the row, the second proves it. */
export const toState = (flow: string, secret: string): string => `${flow}.${secret}`

/** The parts of a state; undefined for what is none. */
export function fromState(state: string): { readonly flow: string; readonly secret: string } | undefined {
  const dot = state.lastIndexOf('.')
  const [flow, secret] = [state.slice(0, dot), state.slice(dot + 1)]
  return dot > 0 && flow.length <= 100 && isFlowSecret(secret) ? { flow, secret } : undefined
}
