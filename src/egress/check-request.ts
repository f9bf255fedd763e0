import { GatewayError } from '../kernel/errors.ts'

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i
const HEADER_VALUE = /^[\t -~\u00a0-\u00ff]*$/
/** Set by the HTTP client alone: from outside they would change where a request goes or where it ends. */
const RESERVED = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'upgrade', 'te', 'trailer'])

/** https, or http where private networks are allowed; no user name in the URL. Throws `egress_blocked`. */
export function checkUrl(url: URL, allowPrivateNetwork: boolean): void {
  const schemeIsFine = url.protocol === 'https:' || (url.protocol === 'http:' && allowPrivateNetwork)
  if (!schemeIsFine) {
    throw new GatewayError(
      'egress_blocked',
      `${url.protocol}//${url.host} is not allowed: requests use https` +
        (allowPrivateNetwork ? ', or http within a private network.' : '; http needs allowPrivateNetwork.'),
    )
  }
  if (url.username || url.password) {
    throw new GatewayError(
      'egress_blocked',
      `The address of ${url.host} holds a user name. Use the connection's credential.`,
    )
  }
}

/** Names are tokens and values one line (RFC 9110 §5); throws `invalid_input` without repeating the value. */
export function checkHeaders(headers: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || RESERVED.has(name.toLowerCase())) {
      throw new GatewayError('invalid_input', `${JSON.stringify(name.slice(0, 80))} cannot be sent as a header.`)
    }
    if (!HEADER_VALUE.test(value)) {
      throw new GatewayError(
        'invalid_input',
        `The header ${name} must be one line of Latin-1 without control characters.`,
      )
    }
  }
}
