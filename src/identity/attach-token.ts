import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { Secret } from '../kernel/secret.ts'
import { type Random, randomBase62 } from './base62.ts'

export const ATTACH_PREFIX = 'gha_'
const LENGTH = 43

/** A token of 256 bits for processes that may read the private lock file; it is new with every start. */
export const newAttachToken = (random: Random = randomBytes): Secret =>
  new Secret(`${ATTACH_PREFIX}${randomBase62(LENGTH, random)}`)

/** Compares in constant time, whatever the lengths. */
export const isSameToken = (presented: string, expected: Secret): boolean =>
  timingSafeEqual(digest(presented), digest(expected.reveal()))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
