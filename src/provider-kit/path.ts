import { GatewayError } from '../kernel/errors.ts'
import type { Path } from './request.ts'

/** A value that may span several path segments, such as a file's path. Only `segments` makes one. */
export interface Segments {
  readonly segments: readonly string[]
}

/**
 * Marks a value whose `/` separate segments; each segment is encoded by itself.
 * Throws `invalid_input` for an empty segment (so for `a//b` and a slash at either end), `.` and `..`.
 */
export const segments = (value: string): Segments => ({ segments: value.split('/') })

/**
 * Builds a request path: the template's own text is trusted, every value becomes one encoded segment part (RFC 3986
 * §3.3). Throws `invalid_input` for values that a server could read as anything but one segment: empty, `.`, `..`,
 * a slash or backslash, plain or already percent-encoded, control characters, half a surrogate pair.
 */
export function path(texts: TemplateStringsArray, ...values: readonly (string | number | Segments)[]): Path {
  const encoded = values.map((value) =>
    typeof value === 'object' ? value.segments.map(encodeSegment).join('/') : encodeSegment(String(value)),
  )
  return texts.reduce((whole, text, index) => `${whole}${encoded[index - 1] ?? ''}${text}`) as Path
}

/** One value as a part of one path segment; throws `invalid_input` as `path` does. */
export function encodeSegment(value: string): string {
  const fault = faultOf(value)
  if (fault) throw new GatewayError('invalid_input', `${quote(value)} cannot be part of an address: it ${fault}.`)
  return encodeURIComponent(value)
}

function faultOf(value: string): string | undefined {
  if (value === '') return 'is empty'
  if (value === '.' || value === '..') return 'would climb to another address'
  if (/[/\\]/.test(value)) return 'contains a slash'
  // Servers and proxies that decode twice would read these as `/`, `\`, `.` or a control character.
  if (/%(?:2[ef]|5c|[01][0-9a-f]|7f|25)/i.test(value)) return 'is percent-encoded; give the plain value'
  if (/\p{Cc}/u.test(value)) return 'contains a control character'
  return /\p{Surrogate}/u.test(value) ? 'is not well-formed Unicode' : undefined
}

const quote = (value: string): string => JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
