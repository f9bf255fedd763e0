import { GatewayError } from '../kernel/errors.ts'

export const MAX_REDIRECTS = 3

/** The part of a request that a redirect may change. */
export interface Hop {
  readonly url: URL
  readonly method: string
  readonly body?: string | Uint8Array | undefined
}

const SAFE = new Set(['GET', 'HEAD'])

/**
 * Where a reply sends us (RFC 9110 §15.4), or undefined when it is no redirect that may be followed: 307 and 308 repeat
 * the request, 303 reads the result, 301 and 302 are followed for GET and HEAD only. Throws `egress_blocked` for another
 * origin or, with `within`, a path outside of it: the credential that the request carries is for one place alone.
 */
export function nextHop(hop: Hop, status: number, location: string | undefined, within?: URL): Hop | undefined {
  if (location === undefined || !mayFollow(hop.method, status)) return undefined
  if (!URL.canParse(location, hop.url.href)) {
    throw new GatewayError('upstream_invalid', `${hop.url.host} redirected to something that is not an address.`)
  }
  const url = new URL(location, hop.url)
  if (url.origin !== hop.url.origin || (within && !isWithin(url, within))) {
    throw new GatewayError(
      'egress_blocked',
      `${hop.url.host} redirected to another address (${url.host}), which is not followed. If the service has moved, an admin changes the connection's address.`,
    )
  }
  return status === 303 && !SAFE.has(hop.method) ? { url, method: 'GET' } : { ...hop, url }
}

/** True when `url` has the origin of `base` and a path at or under its path. */
export function isWithin(url: URL, base: URL): boolean {
  const prefix = base.pathname.replace(/\/$/, '')
  return url.origin === base.origin && (url.pathname === prefix || url.pathname.startsWith(`${prefix}/`))
}

const mayFollow = (method: string, status: number): boolean =>
  status === 303 || status === 307 || status === 308 || ((status === 301 || status === 302) && SAFE.has(method))
