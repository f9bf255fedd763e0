import type { Lease } from '../kernel/credential.ts'
import { GatewayError } from '../kernel/errors.ts'

/** One value that a person gives for a method. */
export interface McpAuthField {
  readonly key: string
  readonly label: string
  readonly secret: boolean
  /** What the value must look like; a pattern in the form of HTML's. */
  readonly pattern?: string
}

/** One way to authenticate at an MCP server over HTTP. */
export interface McpAuthMethod {
  readonly id: 'none' | 'key' | 'bearer' | 'basic' | 'oauth'
  readonly title: string
  readonly fields: readonly McpAuthField[]
  /** The headers that carry the fields; values are Latin-1. */
  readonly headers: (fields: (key: string) => string) => Readonly<Record<string, string>>
}

const LINE = '[!-~]([ -~]*[!-~])?'

/** The ways in, by id. `oauth` has no field: its `access_token` comes from a token endpoint. */
export const MCP_AUTH_METHODS: readonly McpAuthMethod[] = [
  { id: 'none', title: 'None', fields: [], headers: () => ({}) },
  {
    id: 'key',
    title: 'API key',
    fields: [
      { key: 'header', label: 'Header', secret: false, pattern: "[A-Za-z0-9!#$%&'*+.^_`\\|~\\-]{1,128}" },
      { key: 'key', label: 'Key', secret: true, pattern: LINE },
    ],
    headers: (field) => ({ [field('header').toLowerCase()]: field('key') }),
  },
  {
    id: 'bearer',
    title: 'Bearer token',
    fields: [{ key: 'token', label: 'Token', secret: true, pattern: '[!-~]+' }],
    headers: (field) => ({ authorization: `Bearer ${field('token')}` }),
  },
  {
    id: 'basic',
    title: 'User and password',
    fields: [
      { key: 'username', label: 'User', secret: false, pattern: '[^:\\x00-\\x1f\\x7f]+' },
      { key: 'password', label: 'Password', secret: true, pattern: '[^\\x00-\\x1f\\x7f]+' },
    ],
    headers: (field) => ({
      authorization: `Basic ${Buffer.from(`${field('username')}:${field('password')}`).toString('base64')}`,
    }),
  },
  {
    id: 'oauth',
    title: 'Sign in (OAuth)',
    fields: [],
    headers: (field) => ({ authorization: `Bearer ${field('access_token')}` }),
  },
]

/** Set by the transport alone. */
const RESERVED = /^(?:host|connection|content-length|content-type|accept|transfer-encoding|upgrade|te|trailer|mcp-.*)$/i
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,128}$/
const HEADER_VALUE = /^[\t -~]*$/

/**
 * The headers that carry a lease, opened at the moment a request leaves. Throws `invalid_credential` for a field that is
 * missing or that HTTP cannot carry, without its value, and `config_invalid` for an unknown method.
 */
export function toAuthHeaders({ method: id, fields }: Lease): Readonly<Record<string, string>> {
  const method = MCP_AUTH_METHODS.find((candidate) => candidate.id === id)
  if (!method) {
    const known = MCP_AUTH_METHODS.map((candidate) => candidate.id).join(', ')
    throw new GatewayError('config_invalid', `MCP servers have no way to sign in called "${id}". They have: ${known}.`)
  }
  const headers = method.headers((key) => {
    const value = fields[key]?.reveal()
    if (value !== undefined && value !== '') return value
    throw new GatewayError('invalid_credential', `The credential has no "${key}". Connect the server again.`)
  })
  for (const [name, value] of Object.entries(headers)) check(name, value)
  return headers
}

function check(name: string, value: string): void {
  if (!HEADER_NAME.test(name) || RESERVED.test(name)) {
    throw new GatewayError('invalid_credential', 'The name of the header is none that a key can be sent in.')
  }
  if (!HEADER_VALUE.test(value)) {
    throw new GatewayError(
      'invalid_credential',
      `The value of the header ${name} has characters that HTTP does not allow.`,
    )
  }
}
