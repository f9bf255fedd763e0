import type { Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'
import type { AuthMethod, Injection } from '../provider-kit/index.ts'
import { textOf } from './provider-address.ts'
import type { ReadyRequest } from './provider-request.ts'

/** One piece of a credential with its place; the value is revealed, so it lives no longer than the request. */
export interface Piece {
  readonly in: Injection['in']
  readonly name: string
  readonly value: string
  /** Another text that gives the credential away: the base64 of several fields. */
  readonly trace?: string
}

/** RFC 6265 §4.1.1 */
const COOKIE_VALUE = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/
const COOKIE_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/

/**
 * What a lease puts where. An injection that needs an optional field that was left out is left out too. Throws
 * `connection_unusable` (`data.reauth`) when anything else is missing.
 */
export function piecesOf(method: AuthMethod, lease: Lease): readonly Piece[] {
  const optional = new Set(method.fields.filter((field) => field.optional).map((field) => field.key))
  return method.inject.flatMap((injection) => {
    const keys = keysOf(injection)
    if (keys.some((key) => optional.has(key) && !valueOf(lease, key))) return []
    const absent = keys.find((key) => valueOf(lease, key) === undefined)
    if (absent !== undefined) throw missing(method, absent)
    const fill = (text: string): string => text.replaceAll(PLACEHOLDER, (_, key: string) => valueOf(lease, key) ?? '')
    const { in: place, name, value, base64 = false, prefix = '' } = injection
    const filled = base64 ? Buffer.from(fill(value)).toString('base64') : fill(value)
    const piece = { in: place, name: place === 'path' ? name : fill(name), value: prefix + filled }
    return [base64 ? { ...piece, trace: filled } : piece]
  })
}

const PLACEHOLDER = /\{([^{}]*)\}/g

const keysOf = ({ in: place, name, value }: Injection): readonly string[] =>
  [...`${place === 'path' ? '' : name} ${value}`.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')

const valueOf = ({ fields, captured }: Lease, key: string): string | undefined =>
  (Object.hasOwn(fields, key) ? fields[key]?.reveal() : undefined) ??
  textOf(Object.hasOwn(captured, key) ? captured[key] : undefined)

function missing({ fields, title }: AuthMethod, key: string): GatewayError {
  const label = fields.find((field) => field.key === key)?.label ?? key
  return new GatewayError(
    'connection_unusable',
    `The credential (${title}) has no ${label} ("${key}"). Connect the account again.`,
    { data: { reauth: true } },
  )
}

/** The request with the credential in its place: last, so that nothing else can stand there. */
export function withPieces(ready: ReadyRequest, pieces: readonly Piece[]): ReadyRequest {
  const url = new URL(ready.url)
  const headers = { ...ready.headers }
  for (const { in: place, name, value } of pieces) {
    if (place === 'query') url.searchParams.set(name, value)
    else if (place === 'header') headers[name.toLowerCase()] = value
  }
  const cookies = pieces.filter((piece) => piece.in === 'cookie').map(toCookie)
  return { ...ready, url, headers: cookies.length > 0 ? { ...headers, cookie: cookies.join('; ') } : headers }
}

function toCookie({ name, value }: Piece): string {
  if (COOKIE_NAME.test(name) && COOKIE_VALUE.test(value)) return `${name}=${value}`
  throw new GatewayError(
    'invalid_credential',
    'The credential cannot be sent as a cookie: it holds a space, a comma, a semicolon, a quote or a backslash.',
  )
}
