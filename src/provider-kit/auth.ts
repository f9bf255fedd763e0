import type { AuthMethod, CredentialField } from './provider.ts'

/** What a manifest may say about a method; the rest has defaults. */
interface MethodOptions {
  readonly id?: string
  readonly title?: string
  /** What the admin is asked for, such as `Bot token`. */
  readonly label?: string
  /** A regular expression that the secret must match, checked before anything is sent. */
  readonly pattern?: string
}

/** No credential at all. */
export const none = (): AuthMethod => ({ kind: 'none', id: 'none', title: 'No credential', fields: [], inject: [] })

/** `Authorization: Bearer …` (RFC 6750) from the field `token`; some vendors want another `scheme`. */
export function bearer(options: MethodOptions & { readonly scheme?: string } = {}): AuthMethod {
  const { id = 'token', title = 'Token', label = 'Token', scheme = 'Bearer' } = options
  return {
    kind: 'bearer',
    id,
    title,
    fields: [secretField('token', label, options.pattern)],
    inject: [{ in: 'header', name: 'authorization', value: `${scheme} {token}` }],
  }
}

/** A key in a header or a query parameter, from the field `key`. */
export function apiKey(
  where: { readonly header: string } | { readonly query: string },
  options: MethodOptions = {},
): AuthMethod {
  const { id = 'key', title = 'API key', label = 'API key' } = options
  const place = 'header' in where ? { in: 'header', name: where.header } : { in: 'query', name: where.query }
  return {
    kind: 'apiKey',
    id,
    title,
    fields: [secretField('key', label, options.pattern)],
    inject: [{ ...(place as { in: 'header' | 'query'; name: string }), value: '{key}' }],
  }
}

/** HTTP Basic (RFC 7617) from the fields `username` and `password`. */
export function basic(options: MethodOptions & { readonly userLabel?: string } = {}): AuthMethod {
  const { id = 'basic', title = 'User name and password', label = 'Password', userLabel = 'User name' } = options
  return {
    kind: 'basic',
    id,
    title,
    // RFC 7617 §2: a colon would end the user name.
    fields: [
      { key: 'username', label: userLabel, secret: false, pattern: '^[^:]+$' },
      secretField('password', label, options.pattern),
    ],
    inject: [{ in: 'header', name: 'authorization', value: '{username}:{password}', base64: true, prefix: 'Basic ' }],
  }
}

const secretField = (key: string, label: string, pattern?: string): CredentialField => ({
  key,
  label,
  secret: true,
  ...(pattern === undefined ? {} : { pattern }),
})
