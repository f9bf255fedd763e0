import type { Context } from 'hono'
import { GatewayError } from '../kernel/errors.ts'

/** One strong entity tag (RFC 9110 §8.8.3). */
const TAG = /^"([\x21\x23-\x7e]{1,200})"$/

export const toEtag = (version: string | number): string => `"${version}"`

/**
 * What `If-Match` names, without quotes; undefined for `*`, and for none where none is demanded. Throws
 * `precondition_required` (RFC 6585 §3) where one is, `invalid_request` for what is no single strong tag.
 */
export function ifMatchOf(c: Context, demand: 'required' | 'optional' | undefined): string | undefined {
  const header = c.req.header('if-match')?.trim()
  if (header === undefined && demand === 'required') {
    throw new GatewayError(
      'precondition_required',
      'Say which version you mean: read the resource first and send its ETag back as If-Match.',
    )
  }
  if (demand === undefined || header === undefined || header === '*') return undefined
  const tag = TAG.exec(header)?.[1]
  if (tag !== undefined) return tag
  throw new GatewayError('invalid_request', 'If-Match must be one strong entity tag such as "3", or *.')
}

/** The version of a stored row that `If-Match` names. A tag that is no version of ours is of none: `version_conflict`. */
export function toVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined) return undefined
  if (/^[1-9][0-9]{0,14}$/.test(ifMatch)) return Number(ifMatch)
  throw new GatewayError('version_conflict', 'It has changed since you read it. Read it again and decide anew.')
}

/** The caller has this version already (RFC 9110 §13.1.2). */
export const notModified = (c: Context, etag: string): boolean =>
  (c.req.method === 'GET' || c.req.method === 'HEAD') &&
  (c.req.header('if-none-match') ?? '').split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)
