import type { JsonObject } from '../kernel/json.ts'

/** What a server says of the credential it wants, or of the one that it refused. */
export interface McpChallenge {
  /** Where the protected-resource metadata is (RFC 9728 §5.1). */
  readonly resourceMetadata?: string
  /** What this request needs (RFC 6750 §3). */
  readonly scopes?: readonly string[]
  /** `insufficient_scope`, `invalid_token`, … (RFC 6750 §3.1). */
  readonly error?: string
}

const MAX_HEADER = 8_192
const MAX_SCOPES = 100
/** One challenge after another, each a scheme and its parameters (RFC 9110 §11.6.1). */
const PART =
  /([A-Za-z0-9!#$%&'*+.^_`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|([A-Za-z0-9!#$%&'*+.^_`|~-]+)(?=\s|$)/g
/** A scope token (RFC 6749 §3.3). */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,256}$/

/** The Bearer challenge of a `WWW-Authenticate` header; empty when there is none. At most 8,192 characters are read. */
export function toChallenge(header: string | null | undefined): McpChallenge {
  const values = bearerValues((header ?? '').slice(0, MAX_HEADER))
  const [resourceMetadata, error] = [values.get('resource_metadata'), values.get('error')]
  const scopes = toScopes(values.get('scope'))
  return {
    ...(resourceMetadata !== undefined && URL.canParse(resourceMetadata) && { resourceMetadata }),
    ...(scopes.length > 0 && { scopes }),
    ...(error !== undefined && /^[a-z_]{1,64}$/.test(error) && { error }),
  }
}

/** The scopes of a space-separated list, each once, in their order; at most 100. */
export const toScopes = (text: string | undefined): readonly string[] =>
  [...new Set((text ?? '').split(' '))].filter((scope) => SCOPE.test(scope)).slice(0, MAX_SCOPES)

/** All of them, each once: what was granted must not be lost when more is asked for. */
export const joinScopes = (...lists: readonly (readonly string[] | undefined)[]): readonly string[] =>
  toScopes(lists.flatMap((list) => list ?? []).join(' '))

/** The challenge as facts of an error. A URL with a query is left out: the well-known places are looked at instead. */
export const toFacts = ({ resourceMetadata, scopes }: McpChallenge): JsonObject => ({
  ...(scopes && { scopes }),
  ...(resourceMetadata !== undefined && new URL(resourceMetadata).search === '' && { resourceMetadata }),
})

function bearerValues(header: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  let isBearer = false
  for (const [, name, quoted, plain, scheme] of header.matchAll(PART)) {
    if (scheme !== undefined) isBearer = scheme.toLowerCase() === 'bearer'
    else if (isBearer && name !== undefined && !values.has(name.toLowerCase())) {
      values.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '')
    }
  }
  return values
}
