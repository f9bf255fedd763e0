import { createHmac } from 'node:crypto'
import type { AuditRecord } from '../kernel/audit.ts'
import { isJsonObject } from '../kernel/json.ts'

/**
 * A line of the log is `{"seq":7,"prev":"…",<the event's members>,"hash":"…"}`. `hash` is the base64url of
 * HMAC-SHA256(key, prev ‖ every byte of the line before `,"hash":"`). Everything is computed over bytes as stored, so
 * no canonical JSON is needed and no change of a byte goes unseen; `,"hash":"…"}` always has 54 bytes.
 */
const HASH = /^,"hash":"([A-Za-z0-9_-]{43})"\}$/
const HASH_PART_BYTES = 54

/** Where a chain stands: the last record's number and hash. */
export interface Link {
  readonly seq: number
  readonly hash: string
}

/** A link that was written as JSON; undefined when it is none. */
export function toLink(value: unknown): Link | undefined {
  const [seq, hash] = isJsonObject(value) ? [value['seq'], value['hash']] : []
  return typeof seq === 'number' && typeof hash === 'string' ? { seq, hash } : undefined
}

/** Before the first record: no number, 32 zero bytes. */
export const GENESIS: Link = { seq: 0, hash: 'A'.repeat(43) }

export interface Line {
  readonly record: AuditRecord
  /** The bytes that the hash covers. */
  readonly covered: Buffer
}

/**
 * The line, with its line feed, that follows `before`, and where the chain stands after it; its bytes are the text's UTF-8.
 * `event` is a JSON object's text as `JSON.stringify` makes it, without lone surrogates.
 */
export function sealLine(key: Buffer, before: Link, event: string): { readonly text: string; readonly link: Link } {
  const seq = before.seq + 1
  const covered = `{"seq":${seq},"prev":"${before.hash}",${event.slice(1, -1)}`
  const hash = hashOf(key, before.hash, covered)
  return { text: `${covered},"hash":"${hash}"}\n`, link: { seq, hash } }
}

/** Undefined when the bytes (without line feed) are no line of a log. Says nothing about whether the hash is right. */
export function parseLine(bytes: Buffer): Line | undefined {
  if (!HASH.test(bytes.subarray(-HASH_PART_BYTES).toString('latin1'))) return undefined
  const record = parseJson(bytes)
  return isAuditRecord(record) ? { record, covered: bytes.subarray(0, -HASH_PART_BYTES) } : undefined
}

/** True when the holder of the key wrote this line, whatever stands before it. */
export const isGenuine = (key: Buffer, { record, covered }: Line): boolean =>
  hashOf(key, record.prev, covered) === record.hash

const hashOf = (key: Buffer, prev: string, covered: Buffer | string): string =>
  createHmac('sha256', key).update(prev).update(covered).digest('base64url')

const isAuditRecord = (value: unknown): value is AuditRecord =>
  isJsonObject(value) &&
  Number.isSafeInteger(value['seq']) &&
  ['prev', 'hash', 'type', 'phase'].every((name) => typeof value[name] === 'string') &&
  typeof value['at'] === 'number'

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
