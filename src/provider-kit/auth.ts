import type { AuthMethod, CredentialField, Injection } from './provider.ts'

/** What a manifest may say about a method; the rest has defaults. */
export interface MethodOptions {
  readonly id?: string
  readonly title?: string
  /** What the admin is asked for, such as `Bot token`. */
  readonly label?: string
  /** A regular expression (RE2) that the secret must match, checked before anything is stored or sent. */
  readonly pattern?: string
  /** Where to get the secret, in one sentence. */
  readonly description?: string
  /** How it looks, such as `xoxb-…`. */
  readonly placeholder?: string
  /** Instead of the provider's base URL, where this kind of credential is used at another address. */
  readonly baseUrl?: string
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
    fields: [secretField('token', label, options)],
    inject: [{ in: 'header', name: 'authorization', value: `${scheme} {token}` }],
    ...elsewhere(options),
  }
}

/** Where an API key goes: `path` is the name of a `{placeholder}` in the base URL. */
export type KeyPlace =
  | { readonly header: string }
  | { readonly query: string }
  | { readonly cookie: string }
  | { readonly path: string }

/** A key in a header, a query parameter, a cookie (RFC 6265) or the base URL's path, from the field `key`. */
export function apiKey(where: KeyPlace, options: MethodOptions = {}): AuthMethod {
  const { id = 'key', title = 'API key', label = 'API key' } = options
  return {
    kind: 'apiKey',
    id,
    title,
    fields: [secretField('key', label, options)],
    inject: [{ ...placeOf(where), value: '{key}' }],
    ...elsewhere(options),
  }
}

function placeOf(where: KeyPlace): Pick<Injection, 'in' | 'name'> {
  if ('header' in where) return { in: 'header', name: where.header }
  if ('query' in where) return { in: 'query', name: where.query }
  return 'cookie' in where ? { in: 'cookie', name: where.cookie } : { in: 'path', name: where.path }
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
      secretField('password', label, options),
    ],
    inject: [{ in: 'header', name: 'authorization', value: '{username}:{password}', base64: true, prefix: 'Basic ' }],
    ...elsewhere(options),
  }
}

/**
 * AWS Signature Version 4 from the fields `accessKeyId`, `secretAccessKey` and, for temporary credentials,
 * `sessionToken`. `region` may be `{name}`: then the connection's setting of that name says it.
 */
export function sigv4(options: {
  readonly service: string
  readonly region: string
  readonly id?: string
  readonly title?: string
}): AuthMethod {
  const { service, region, id = 'aws', title = 'AWS access key' } = options
  return {
    kind: 'sigv4',
    id,
    title,
    fields: [
      {
        key: 'accessKeyId',
        label: 'Access key ID',
        secret: false,
        pattern: '^[A-Za-z0-9_]{16,128}$',
        placeholder: 'AKIA…',
      },
      { key: 'secretAccessKey', label: 'Secret access key', secret: true, pattern: '^\\S{16,}$' },
      { key: 'sessionToken', label: 'Session token', secret: true, optional: true, pattern: '^\\S{16,}$' },
    ],
    inject: [],
    sigv4: { service, region },
  }
}

/** Fields of the provider's own, and where each of them goes in a request. */
export const custom = (options: {
  readonly id: string
  readonly title: string
  readonly fields: readonly CredentialField[]
  readonly inject: readonly Injection[]
  readonly baseUrl?: string
}): AuthMethod => ({ kind: 'custom', ...options })

const elsewhere = ({ baseUrl }: MethodOptions): Pick<AuthMethod, 'baseUrl'> =>
  baseUrl === undefined ? {} : { baseUrl }

const secretField = (
  key: string,
  label: string,
  { pattern, description, placeholder }: MethodOptions,
): CredentialField => ({
  key,
  label,
  secret: true,
  ...(pattern === undefined ? {} : { pattern }),
  ...(description === undefined ? {} : { description }),
  ...(placeholder === undefined ? {} : { placeholder }),
})
