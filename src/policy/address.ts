/**
 * What a test of a hostile text says. `unsure` is everything that two parsers might read in two ways: an allow takes
 * it as a no and a deny as a yes.
 */
export type Verdict = 'yes' | 'no' | 'unsure'

const MAX_ADDRESS = 254
const MAX_URL = 8_192
/** No quotes, comments, routes (`%`, `!`), display names or second addresses; ASCII only (a strict part of RFC 5321 §4.1.2). */
const ADDRESS =
  /^[A-Za-z0-9_](?:[A-Za-z0-9_+'=.-]{0,62}[A-Za-z0-9_+'=-])?@((?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63})$/
/** Scheme, then an authority without user, escape or any character that the URL parser would drop or translate. */
const PLAIN_URL = /^https?:\/\/[A-Za-z0-9._:[\]-]+(?:[/?#][\x21-\x5b\x5d-\x7e\u0080-\uffff]*)?$/i

/** Whether a text is one plain email address at one of the domains; `*.corp.com` stands for the subdomains alone. */
export function isAddressAt(text: string, domains: readonly string[]): Verdict {
  const domain = text.length > MAX_ADDRESS || text.includes('..') ? undefined : ADDRESS.exec(text)?.[1]
  if (domain === undefined) return 'unsure'
  return domains.some((allowed) => isUnder(domain.toLowerCase(), allowed)) ? 'yes' : 'no'
}

/** Whether a text is a plain http or https URL on one of the hosts. Another port of a named host is `unsure`. */
export function isUrlOn(text: string, hosts: readonly string[]): Verdict {
  if (text.length > MAX_URL || !PLAIN_URL.test(text) || !URL.canParse(text)) return 'unsure'
  const { hostname, host, port, protocol } = new URL(text)
  if (hostname.endsWith('.')) return 'unsure'
  const full = port === '' ? `${hostname}:${protocol === 'https:' ? 443 : 80}` : host
  if (hosts.some((allowed) => isUnder(host, allowed) || isUnder(full, allowed))) return 'yes'
  return hosts.some((allowed) => isUnder(hostname, withoutPort(allowed))) ? 'unsure' : 'no'
}

const withoutPort = (host: string): string => host.replace(/:[0-9]+$/, '')

const isUnder = (name: string, allowed: string): boolean =>
  allowed.startsWith('*.') ? name.endsWith(allowed.slice(1)) && name.length >= allowed.length : name === allowed
